/*
 * Runs schedules until the time is over, or replays one with its trace:
 * npm run simulate -- [--seconds 30] [--from SEED] [--count N] | --seed SEED
 */
import { parseArgs } from 'node:util';
import { brokenPromises } from './checks.ts';
import { runSchedule } from './run-schedule.ts';
import { scheduleOf } from './schedule.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seconds: { type: 'string', default: '30' },
    from: { type: 'string' },
    count: { type: 'string' },
  },
});

function tell(seed: number, broken: readonly string[]): void {
  if (broken.length === 0) return;
  process.exitCode = 1;
  console.log(`seed ${seed} fails (npm run simulate -- --seed ${seed}):\n  ${broken.join('\n  ')}`);
}

async function replay(seed: number): Promise<void> {
  const schedule = scheduleOf(seed);
  console.log(JSON.stringify({ ...schedule, random: undefined }, null, 1));
  const outcome = await runSchedule(schedule, { trace: (line) => console.log(line()) });
  const broken = brokenPromises(outcome);
  tell(seed, broken);
  console.log(
    `${outcome.left.length} values left, ${outcome.rows.length} are audited, ${broken.length} promises broken`,
  );
}

async function soak(first: number, count: number, forMs: number): Promise<void> {
  const startedAt = performance.now();
  let failed = 0;
  let seed = first;
  for (; performance.now() - startedAt < forMs && seed < first + count; seed += 1) {
    const broken = brokenPromises(await runSchedule(scheduleOf(seed)));
    if (broken.length > 0) failed += 1;
    tell(seed, broken);
  }
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(`${seed - first} schedules from seed ${first} on in ${seconds} s: ${failed} failed`);
}

if (values.seed !== undefined) await replay(Number(values.seed));
else {
  const first = Number(values.from ?? Math.floor(Math.random() * 1e9));
  await soak(first, Number(values.count ?? Infinity), Number(values.seconds) * 1000);
}
