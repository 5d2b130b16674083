import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { endWithThisProcess } from './reaper.ts';
import { startOptions } from './start-options.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');
const MAIN = join(REPOSITORY, 'src', 'main.ts');

export type ServerOptions = {
  /** The whole environment but for PATH, and for LOG_FORMAT=json, HOST=127.0.0.1 and PORT=0 where not named. */
  readonly env: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** The module that is run; `src/main.ts` unless named. */
  readonly main?: string;
  /** Where relative paths of the configuration start; the repository unless named. */
  readonly cwd?: string;
};

export type ServerExit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type ServerProcess = AsyncDisposable & {
  readonly pid: number;
  /** All that it wrote so far to standard output and standard error. */
  readonly output: () => string;
  /** Resolves with the first line, written already or still to come, that matches; rejects when it ends before. */
  readonly line: (pattern: RegExp) => Promise<string>;
  /** Resolves when the process has ended and its output is complete. */
  readonly exit: Promise<ServerExit>;
  /** Sends a signal (SIGTERM unless named), and waits for the end except after SIGSTOP and SIGCONT. */
  readonly kill: (signal?: NodeJS.Signals) => Promise<ServerExit | undefined>;
};

export type ListeningServer = ServerProcess & { readonly url: string };

/** Starts `src/main.ts` and resolves when it listens; throws its output when it ends before. */
export async function startServer(options: ServerOptions): Promise<ListeningServer> {
  const server = await spawnServer(options);
  const { url }: { url: string } = JSON.parse(await server.line(/"msg":"listening"/));
  return { ...server, url };
}

/** Runs `src/main.ts` to its end, for a start that is refused. */
export async function runServer(options: ServerOptions): Promise<ServerExit & { readonly output: string }> {
  const server = await spawnServer(options);
  return { ...(await server.exit), output: server.output() };
}

/** Starts `src/main.ts` as `npm start` does, and resolves when the process exists. It ends with this process at the latest. */
export async function spawnServer({
  env,
  args = [],
  main = MAIN,
  cwd = REPOSITORY,
}: ServerOptions): Promise<ServerProcess> {
  const child = spawn(process.execPath, [...startOptions(), main, ...args], {
    cwd,
    env: { PATH: process.env.PATH, LOG_FORMAT: 'json', HOST: '127.0.0.1', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<ServerExit>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const { keep, line, output } = collectLines(ended);
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', keep);
  await once(child, 'spawn');
  endWithThisProcess(child);
  const kill = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal);
    return signal === 'SIGSTOP' || signal === 'SIGCONT' ? undefined : ended;
  };
  return {
    pid: child.pid ?? 0,
    output,
    line,
    exit: ended,
    kill,
    [Symbol.asyncDispose]: async () => void (await kill('SIGKILL')),
  };
}

function collectLines(ended: Promise<ServerExit>) {
  const lines: string[] = [];
  const watchers = new Set<(line: string) => void>();
  const output = () => lines.join('\n');
  const keep = (line: string) => {
    lines.push(line);
    for (const watch of watchers) watch(line);
  };
  const line = (pattern: RegExp) => {
    const written = lines.find((candidate) => pattern.test(candidate));
    if (written !== undefined) return Promise.resolve(written);
    return new Promise<string>((resolve, reject) => {
      const watch = (candidate: string) => {
        if (!pattern.test(candidate)) return;
        watchers.delete(watch);
        resolve(candidate);
      };
      watchers.add(watch);
      ended.then(({ code, signal }) => {
        watchers.delete(watch);
        reject(new Error(`the server ended with ${signal ?? code} before ${pattern}:\n${output()}`));
      });
    });
  };
  return { keep, line, output };
}
