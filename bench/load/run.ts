import { runScript } from '../server/script.ts';
import type { LoadPlan, LoadResult } from './plan.ts';

/** Runs a load in a process of its own, so that the client's work is not the server's. */
export function runLoad(plan: LoadPlan): Promise<LoadResult> {
  return runScript<LoadPlan, LoadResult>(import.meta.resolve('./worker.ts'), plan);
}
