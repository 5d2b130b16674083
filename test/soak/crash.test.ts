import { describe, it } from 'node:test';
import { crashUnderLoad } from '../support/load-crash.ts';
import { BACKENDS } from '../support/load-servers.ts';

/** How often each store is crashed, and the seed of what is random; both can be set, to repeat a run. */
const CRASHES = Number(process.env.SOAK_CRASHES ?? 50);
const SEED = Number(process.env.SOAK_SEED ?? Math.floor(Math.random() * 2 ** 32));
const DEADLINE_PER_CRASH_MS = 8000;
const DEADLINE_MS = 60_000 + CRASHES * DEADLINE_PER_CRASH_MS;

describe(`A server killed ${CRASHES} times under load`, { concurrency: true, timeout: DEADLINE_MS }, () => {
  for (const { name, open } of BACKENDS)
    it(`loses no audit row and passes no limit: ${name}`, async (t) => {
      t.diagnostic(`SOAK_SEED=${SEED}`);
      await crashUnderLoad(t, await open(), { crashes: CRASHES, seed: SEED });
    });
});
