import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brokenPromises } from './checks.ts';
import { runSchedule } from './run-schedule.ts';
import { scheduleOf } from './schedule.ts';

const SCHEDULES = 1000;
const PER_TEST = 100;
const DEADLINE_MS = 120_000;

/** What a seed's run says that was broken, with how to see it again. */
async function failureOf(seed: number): Promise<string[]> {
  const broken = brokenPromises(await runSchedule(scheduleOf(seed)));
  return broken.length === 0 ? [] : [`npm run simulate -- --seed ${seed}\n  ${broken.join('\n  ')}`];
}

describe('In a simulated cluster with faults, budgets, limits and the audit are exact and nothing starves', () => {
  for (let first = 1; first <= SCHEDULES; first += PER_TEST) {
    it(`in the schedules ${first} to ${first + PER_TEST - 1}`, { timeout: DEADLINE_MS }, async () => {
      const failures: string[] = [];
      for (let seed = first; seed < first + PER_TEST; seed += 1) failures.push(...(await failureOf(seed)));
      assert.equal(failures.length, 0, failures.join('\n'));
    });
  }
});

it('The same seed gives the same run, step by step', async () => {
  const traceOf = async (seed: number) => {
    const lines: string[] = [];
    await runSchedule(scheduleOf(seed), { trace: (line) => lines.push(line()) });
    return lines;
  };
  for (const seed of [3, 30]) assert.deepEqual(await traceOf(seed), await traceOf(seed));
});
