import { progress } from '../section.ts';
import { runScript } from '../server/script.ts';
import type { LoadPlan, LoadResult } from './plan.ts';

/** Runs a load in a process of its own, so that the client's work is not the server's; says what failed calls were told. */
export async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const result = await runScript<LoadPlan, LoadResult>(import.meta.resolve('./worker.ts'), plan);
  for (const [failure, calls] of Object.entries(result.told)) progress(`${calls} calls failed: ${failure}`);
  return result;
}
