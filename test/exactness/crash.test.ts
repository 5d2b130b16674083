import { describe, it } from 'node:test';
import { crashUnderLoad } from '../support/load-crash.ts';
import { BACKENDS, WITH_SHORT_TAKES } from '../support/load-servers.ts';

const DEADLINE_MS = 60_000;

describe('A server killed under load, and killed again', { concurrency: true, timeout: DEADLINE_MS }, () => {
  for (const { name, open } of BACKENDS)
    it(`loses no audit row and passes no limit: ${name}`, async (t) => {
      const seed = Math.floor(Math.random() * 2 ** 32);
      t.diagnostic(`seed ${seed}`);
      await crashUnderLoad(t, await open(), { crashes: 3, seed, servers: WITH_SHORT_TAKES });
    });
});
