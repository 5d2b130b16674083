import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const REPOSITORY = join(import.meta.dirname, '..', '..');

/** Compiles the client into `folder`, as it is compiled for publishing. */
export async function compileClient(folder: string): Promise<void> {
  const tsc = join(REPOSITORY, 'node_modules', '.bin', 'tsc');
  await promisify(execFile)(tsc, ['--project', 'tsconfig.client.json', '--outDir', folder], {
    cwd: REPOSITORY,
  });
}
