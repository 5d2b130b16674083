import { execFile } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** Runs a script in a process of its own: gives it a value as JSON, and takes one. */
export async function runScript<I, O>(url: string, input: I): Promise<O> {
  const running = promisify(execFile)(process.execPath, [fileURLToPath(url)], {
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  running.child.stdin?.end(JSON.stringify(input));
  const { stdout } = await running;
  return JSON.parse(stdout);
}

/** The script's side of {@link runScript}. */
export async function readInput<I>(): Promise<I> {
  return JSON.parse(await text(process.stdin));
}

export function writeOutput<O>(output: O): void {
  process.stdout.write(JSON.stringify(output));
}
