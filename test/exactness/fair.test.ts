import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { reasonsOf, startLoad } from '../support/load-callers.ts';
import { addConsumer, addKeys, addTier } from '../support/load-pool.ts';
import { BACKENDS, type KeypoolProcess, type KeypoolServers, serversOn } from '../support/load-servers.ts';

const CALLERS = 64;
/** The most draws that a round asks of one key of many. */
const TURN_DRAWS = 16;
/** Enough that the draws of two turns, one just made and one to come, are within 5 %. */
const SHARE_CONCURRENT = 40 * TURN_DRAWS;
const POOLS = [
  { keys: 1, tiers: 1 },
  { keys: 2, tiers: 1 },
  { keys: 2, tiers: 3 },
  { keys: 9, tiers: 1 },
  { keys: 9, tiers: 3 },
];

describe('Over the wire', { concurrency: true }, () => {
  for (const backend of BACKENDS) {
    describe(`${backend.name} hands out equal keys`, { concurrency: 1 }, () => {
      let servers: KeypoolServers;
      let server: KeypoolProcess;
      before(async () => {
        servers = serversOn(await backend.open());
        server = await servers.start();
      });
      after(() => servers?.close());

      /** A feature over tiers that share the keys as evenly as they can; gives a consumer's token. */
      async function addPool(feature: string, keys: number, tiers: number): Promise<string> {
        const ids = Array.from({ length: tiers }, (_, i) => `${feature}-${i}`);
        for (const [i, id] of ids.entries()) {
          await addTier(server.admin, id, [], feature);
          const share = Math.floor((keys + i) / tiers);
          if (share > 0) await addKeys(server.admin, id, share);
        }
        return (await addConsumer(server.admin, ids)).token;
      }

      /** Draws through the wire, and how many of them each key got, fewest first. */
      async function shares(
        { signal }: TestContext,
        pool: { feature: string; token: string },
        callers: number,
        drawsMax: number,
      ) {
        const { feature, token } = pool;
        const load = startLoad({
          callers,
          token,
          drawsMax,
          signal,
          url: () => server.url,
          draw: () => ({ feature }),
        });
        await load.ended;
        assert.deepEqual([load.served.length, reasonsOf(load.refused), load.lost()], [drawsMax, {}, 0]);
        const byKey = Map.groupBy(load.served, ({ keyId }) => keyId);
        return [...byKey.values()].map((draws) => draws.length).sort((a, b) => a - b);
      }

      for (const { keys, tiers } of POOLS) {
        const pool = `${keys} ${keys === 1 ? 'key' : 'keys'} over ${tiers} ${tiers === 1 ? 'tier' : 'tiers'}`;

        it(`one after another to within one draw: ${pool}`, async (t) => {
          const feature = `sequential-${keys}-${tiers}`;
          const token = await addPool(feature, keys, tiers);
          const counts = await shares(t, { feature, token }, 1, keys + Math.ceil(keys / 2));
          assert.equal(counts.length, keys);
          assert.ok((counts.at(-1) ?? 0) - (counts[0] ?? 0) <= 1, `draws per key: ${counts}`);
        });

        it(`to ${CALLERS} callers within 5 %: ${pool}`, async (t) => {
          const feature = `concurrent-${keys}-${tiers}`;
          const token = await addPool(feature, keys, tiers);
          const draws = SHARE_CONCURRENT * keys;
          const counts = await shares(t, { feature, token }, CALLERS, draws);
          assert.equal(counts.length, keys);
          const spread = (counts.at(-1) ?? 0) - (counts[0] ?? 0);
          assert.ok(spread <= (draws / keys) * 0.05, `draws per key: ${counts}`);
        });
      }
    });
  }
});
