import { chmod, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Config } from './config.ts';
import { randomBase62 } from './model/token.ts';
import { StartError, systemCodeOf } from './start-error.ts';

/** The root token and where people find it. */
export type AdminToken =
  | { readonly source: 'environment'; readonly token: string }
  | { readonly source: 'file'; readonly token: string; readonly path: string }
  /** Made for this process alone. */
  | { readonly source: 'process'; readonly token: string };

const LENGTH = 40;
const LENGTH_MIN = 32;
const FILE_NAME = 'admin-token';
const OWNER_ONLY = 0o600;

/** Writes the whole file under another name first, so that no other process ever reads half a token. */
async function writeToken(path: string, token: string): Promise<void> {
  const temporary = `${path}.${token.slice(0, 8)}.new`;
  try {
    const file = await open(temporary, 'wx', OWNER_ONLY);
    try {
      await file.writeFile(`${token}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new StartError(`The admin token cannot be kept in ${path}: ${systemCodeOf(error) || error}.`, {
      cause: error,
    });
  }
}

async function readToken(path: string): Promise<string | null> {
  try {
    const token = (await readFile(path, 'utf8')).trim();
    await chmod(path, OWNER_ONLY);
    return token;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return null;
    throw new StartError(
      `The admin token cannot be read from ${path}: ${systemCodeOf(error) || error}. Make the file yours, or set ADMIN_TOKEN.`,
      { cause: error },
    );
  }
}

/**
 * The root token: the configured one, or the one in the file beside the SQLite database, made there on the first start.
 * Call it while the store is open: one process at a time makes a token. Error: StartError.
 */
export async function adminTokenOf(
  config: Pick<Config, 'adminToken' | 'database'>,
  randomBytes: (size: number) => Uint8Array,
): Promise<AdminToken> {
  if (config.adminToken !== null) return { source: 'environment', token: config.adminToken };
  if (config.database.kind !== 'sqlite') throw new StartError('ADMIN_TOKEN is required with MongoDB.');
  if (config.database.path === ':memory:')
    return { source: 'process', token: randomBase62(LENGTH, randomBytes) };
  const path = join(dirname(config.database.path), FILE_NAME);
  const known = await readToken(path);
  if (known === null) {
    const token = randomBase62(LENGTH, randomBytes);
    await writeToken(path, token);
    return { source: 'file', token, path };
  }
  if (known.length < LENGTH_MIN || !/^[!-~]+$/.test(known))
    throw new StartError(
      `${path} holds no admin token of at least ${LENGTH_MIN} characters. Delete it to have a new one made, or set ADMIN_TOKEN.`,
    );
  return { source: 'file', token: known, path };
}
