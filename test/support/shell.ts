import { spawn } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { endWithThisProcess } from './reaper.ts';
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');
const NEEDED_TO_RUN = ['package.json', '.npmrc', 'src', 'gen', 'node_modules'];
/** The packages are there, and a test must not take them away under the others. */
const INSTALLED = 'npm() { if [ "$1" = ci ]; then return 0; else command npm "$@"; fi; }';

/** A folder in which `npm start` runs this checkout with data of its own. */
export async function checkoutWithOwnData(): Promise<TemporaryFolder> {
  const folder = await temporaryFolder();
  for (const name of NEEDED_TO_RUN) await symlink(join(REPOSITORY, name), folder.file(name));
  return folder;
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

export type Shell = AsyncDisposable & {
  readonly output: () => string;
  /** Resolves with the exit code. */
  readonly exit: Promise<number | null>;
  /** Resolves when the output matches; rejects when the shell ends before. */
  readonly shows: (pattern: RegExp) => Promise<void>;
};

/** Runs a script with bash, with only PATH, HOME and `env` around it; ended with all it started. */
export function runShell(
  script: string,
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Shell {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn('bash', ['-c', `set -e -o pipefail\n${INSTALLED}\n${script}`], {
    cwd: options.cwd,
    env: { PATH, HOME, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  endWithThisProcess(child);
  let text = '';
  const watchers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      for (const watch of watchers) watch();
    });
  const exit = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return {
    output: () => text,
    exit,
    shows: (pattern) =>
      new Promise((resolve, reject) => {
        const watch = (): void => {
          if (pattern.test(text)) resolve();
        };
        watchers.add(watch);
        watch();
        exit.then((code) => reject(new Error(`the shell ended with ${code} before ${pattern}:\n${text}`)));
      }),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
      await exit;
    },
  };
}
