import { describe, it } from 'node:test';
import { openMongodb, openSqlite } from '../support/load-servers.ts';
import { exactUnderLoad } from '../support/upstream-exact.ts';
import { inFlightUnderLoad } from '../support/upstream-in-flight.ts';
import { lowerUnderLoad } from '../support/upstream-lower.ts';

const DEADLINE_MS = 60_000;
const seed = Math.floor(Math.random() * 2 ** 32);

describe('An upstream that counts strictly', { timeout: DEADLINE_MS }, () => {
  it('refuses nothing that Keypool counted, by 3 processes on one MongoDB', async (t) => {
    const run = {
      processes: 3,
      windowMs: 1800,
      // Chosen long, for a busy machine; the share of so short windows that it takes is as large.
      guardMs: 500,
      jitterMs: 50,
      windows: 3,
      shareMin: 0.6,
      banned: { fromMs: 500, untilMs: 2000 },
      trialAfterMs: 1000,
      seed,
    };
    await exactUnderLoad(t, await openMongodb(), run);
  });

  describe('and', { concurrency: true }, () => {
    it('has lower limits than Keypool was told: soon refuses less than 1 % of the calls', async (t) => {
      const run = { processes: 1, windowMs: 1000, guardMs: 200, seconds: 7 };
      const looked = { settledAfterMs: 3500, stretchMs: 3000, seed };
      await lowerUnderLoad(t, await openSqlite(), { ...run, ...looked });
    });

    it('has a cap on calls under way: never counts more, through a SIGKILL of a process and of callers', async (t) => {
      const run = { processes: 3, settleTimeoutMs: 1000, stageMs: 1500, killsServer: true, seed };
      await inFlightUnderLoad(t, await openMongodb(), run);
    });
  });
});
