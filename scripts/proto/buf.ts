import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root, where buf.yaml is. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const THIRD_PARTY = join(ROOT, 'third_party/proto');
export const GENERATED = join(ROOT, 'gen');
/** What buf breaking compares with: the contract as of the last release. */
export const BASELINE = join(ROOT, 'proto/baseline.binpb');

export interface BufResult {
  readonly ok: boolean;
  readonly stdout: Buffer;
  /** Everything it had to say, for people. */
  readonly text: string;
}

/** Runs the installed buf at the root, with the installed plugins on its path. */
export function buf(...args: readonly string[]): Promise<BufResult> {
  const bin = join(ROOT, 'node_modules/.bin');
  return new Promise((resolve, reject) => {
    const child = spawn(join(bin, 'buf'), args, {
      cwd: ROOT,
      env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const stdout: Buffer[] = [];
    const all: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => {
      stdout.push(chunk);
      all.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => all.push(chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ ok: code === 0, stdout: Buffer.concat(stdout), text: Buffer.concat(all).toString().trim() }),
    );
  });
}

/** Runs buf and gives its standard output; throws with what it said when it failed. */
export async function bufOutput(...args: readonly string[]): Promise<Buffer> {
  const result = await buf(...args);
  if (!result.ok) throw new Error(`buf ${args.join(' ')} failed:\n${result.text}`);
  return result.stdout;
}
