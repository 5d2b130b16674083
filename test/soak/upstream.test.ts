import { describe, it } from 'node:test';
import { BACKENDS, openMongodb } from '../support/load-servers.ts';
import { exactUnderLoad } from '../support/upstream-exact.ts';
import { inFlightUnderLoad } from '../support/upstream-in-flight.ts';
import { lowerUnderLoad } from '../support/upstream-lower.ts';

/** How long each of the first two goes on, and the seed of what is random; both can be set, to repeat a run. */
const SECONDS = Number(process.env.SOAK_UPSTREAM_SECONDS ?? 120);
const SEED = Number(process.env.SOAK_SEED ?? Math.floor(Math.random() * 2 ** 32));
const DEADLINE_MS = 60_000 + SECONDS * 2000;
const WINDOW_MS = 10_000;
/**
 * A short run is for a machine of which little is known: guards are long enough for stalls of its own, and less of the
 * capacity is asked for.
 */
const IS_SHORT = SECONDS < 60;

describe(`An upstream that counts strictly, for ${SECONDS} s`, { timeout: 4 * DEADLINE_MS }, () => {
  it('refuses nothing that 3 processes counted, and 95 % of its capacity is used', async (t) => {
    t.diagnostic(`SOAK_SEED=${SEED}`);
    const run = {
      processes: 3,
      windowMs: WINDOW_MS,
      guardMs: IS_SHORT ? 1000 : 300,
      jitterMs: 80,
      windows: Math.max(2, Math.floor(SECONDS / (WINDOW_MS / 1000))),
      shareMin: IS_SHORT ? 0.7 : 0.95,
      banned: { fromMs: 1000, untilMs: 9000 },
      trialAfterMs: 3000,
      seed: SEED,
    };
    await exactUnderLoad(t, await openMongodb(), run);
  });

  describe('and', { concurrency: true }, () => {
    for (const { name, open } of BACKENDS)
      it(`has lower limits than Keypool was told: refuses less than 1 % from 10 s on: ${name}`, async (t) => {
        const run = {
          windowMs: 2000,
          guardMs: IS_SHORT ? 500 : 300,
          settledAfterMs: 10_000,
          stretchMs: 10_000,
          seed: SEED,
        };
        const processes = name === 'SQLite' ? 1 : 3;
        await lowerUnderLoad(t, await open(), { ...run, processes, seconds: Math.max(21, SECONDS) });
      });
  });

  describe('and', { concurrency: true }, () => {
    for (const { name, open } of BACKENDS)
      it(`has a cap on calls under way, and never counts more: ${name}`, async (t) => {
        const run = { settleTimeoutMs: 2000, stageMs: Math.max(2000, SECONDS * 100), seed: SEED };
        const isAlone = name === 'SQLite';
        await inFlightUnderLoad(t, await open(), {
          ...run,
          processes: isAlone ? 1 : 3,
          killsServer: !isAlone,
        });
      });
  });
});
