import { mkdtemp, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Memory that Linux shows as files. */
const MEMORY = '/dev/shm';
/** Room for several replica sets, journals and all. */
const FREE_BYTES_MIN = 6 * 2 ** 30;

/** Where mongods keep their data. */
export type MongodData = 'memory' | 'disk';

async function hasRoom(): Promise<boolean> {
  if (process.availableMemory() < FREE_BYTES_MIN) return false;
  const { bavail, bsize } = await statfs(MEMORY).catch(() => ({ bavail: 0, bsize: 0 }));
  return bavail * bsize >= FREE_BYTES_MIN;
}

/**
 * A fresh folder. `memory`: in memory where there is room for it. Tests end processes, never the machine, so nothing that
 * was written to a file is lost either way; but no journaled write waits for a disk.
 */
export async function mongodFolder(data: MongodData): Promise<string> {
  const within = data === 'memory' && (await hasRoom()) ? MEMORY : tmpdir();
  return mkdtemp(join(within, 'keypool-mongod-'));
}
