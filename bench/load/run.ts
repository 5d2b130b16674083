import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { LoadPlan, LoadResult } from './plan.ts';

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));

/** Runs a load in a process of its own, so that the client's work is not the server's. */
export async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const { stdout } = await promisify(execFile)(process.execPath, [WORKER, JSON.stringify(plan)]);
  return JSON.parse(stdout);
}
