import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A server process under measurement. */
export interface Subject {
  readonly port: number;
  readonly pid: number;
  readonly stop: () => Promise<void>;
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

/** Starts a script with this Node and waits until it says where it listens. */
export async function startSubject(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Subject> {
  const child = spawn(process.execPath, [script, ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const port = await listeningPort(child, script);
  child.stdout?.resume();
  return {
    port,
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
