import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { endWithThisProcess } from '../../test/support/reaper.ts';

/** A server process under measurement. */
export interface Subject {
  readonly port: number;
  readonly pid: number;
  /** From the start of the process until it said where it listens. */
  readonly listeningMs: number;
  readonly stop: () => Promise<void>;
  /** SIGKILL. */
  readonly kill: () => Promise<void>;
}

async function listeningPort(child: ChildProcess, name: string): Promise<number> {
  if (child.stdout === null) throw new Error(`${name} has no output`);
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{')) continue;
    const entry: { msg?: string; url?: string } = JSON.parse(line);
    if (entry.msg === 'listening' && entry.url !== undefined) return Number(new URL(entry.url).port);
  }
  throw new Error(`${name} ended before it listened`);
}

/**
 * Starts a script with this Node, given `options` of its own, and waits until it says where it listens. It ends with this
 * process at the latest.
 */
export async function startSubject(
  url: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  options: readonly string[] = [],
): Promise<Subject> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...options, fileURLToPath(url), ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  endWithThisProcess(child);
  const port = await listeningPort(child, url);
  const listeningMs = performance.now() - startedAt;
  child.stdout?.resume();
  const end = (signal: NodeJS.Signals) => async (): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  return { port, pid: child.pid ?? 0, listeningMs, stop: end('SIGTERM'), kill: end('SIGKILL') };
}
