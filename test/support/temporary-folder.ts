import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type TemporaryFolder = AsyncDisposable & {
  readonly path: string;
  /** A path inside the folder. */
  readonly file: (name: string) => string;
  readonly remove: () => Promise<void>;
};

/** Makes a fresh folder, for `await using`, or to `remove` in a hook. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'keypool-test-'));
  const remove = () => rm(path, { recursive: true, force: true, maxRetries: 3 });
  return { path, file: (name) => join(path, name), remove, [Symbol.asyncDispose]: remove };
}
