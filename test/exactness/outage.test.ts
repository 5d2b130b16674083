import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Code } from '../../src/client/exports.ts';
import { assertAudited, auditRowsWith } from '../support/audit-rows.ts';
import { eventually } from '../support/eventually.ts';
import { type Load, startLoad } from '../support/load-callers.ts';
import { openConnection } from '../support/load-connection.ts';
import { addConsumer, addKeys, addTier } from '../support/load-pool.ts';
import { useServers } from '../support/load-servers.ts';
import { startMongod } from '../support/mongod.ts';

const FEATURE = 'scrape';
const CALLERS = 16;
const BUDGET = 1_000_000;
/** The URL sets how long one step may wait for the store. A draw waits for a round and then for its own: some steps. */
const STORE_WAIT_MS = 1000;
const REFUSED_WITHIN_MS = 10 * STORE_WAIT_MS;
const BACK_WITHIN_MS = 15_000;
const DEADLINE_MS = 60_000;

const OUTAGES = [
  { name: 'is killed', stop: 'SIGKILL' },
  { name: 'hangs', stop: 'SIGSTOP' },
] as const;

async function start(t: TestContext) {
  const mongod = await startMongod();
  const waits = ['serverSelectionTimeoutMS', 'connectTimeoutMS', 'socketTimeoutMS'];
  const times = waits.map((name) => `${name}=${STORE_WAIT_MS}`).join('&');
  const backend = { databaseUrl: `${mongod.databaseUri('keypool')}&${times}`, close: mongod.stop };
  const server = await useServers(t, backend).start();
  await addTier(server.admin, FEATURE);
  await addKeys(server.admin, FEATURE, 4, [{ limit: BUDGET }]);
  const { token } = await addConsumer(server.admin, [FEATURE]);
  const connection = openConnection();
  t.after(connection.close);
  const healthStatus = async () => (await connection.get(`${server.url}/health`)).status;
  return { node: await mongod.primary(), server, token, healthStatus };
}

const served = (load: Load, count: number, withinMs = BACK_WITHIN_MS) =>
  eventually(`${count} draws`, () => (load.served.length >= count ? true : null), withinMs);

describe('While MongoDB', { concurrency: true, timeout: DEADLINE_MS }, () => {
  for (const { name, stop } of OUTAGES)
    it(`${name}, callers are told soon and get no value; when it is back, draws go on`, async (t) => {
      const { node, server, token, healthStatus } = await start(t);
      assert.equal(await healthStatus(), 200);
      const load = startLoad({
        callers: CALLERS,
        token,
        signal: t.signal,
        url: () => server.url,
        draw: () => ({ feature: FEATURE }),
      });
      await served(load, 100);

      await node.kill(stop);
      const stoppedAt = performance.now();
      await eventually(
        'health 503',
        async () => ((await healthStatus()) === 503 ? true : null),
        REFUSED_WITHIN_MS,
      );
      await eventually(
        'a refusal of every caller',
        () => (load.refused.length >= CALLERS ? true : null),
        REFUSED_WITHIN_MS,
      );
      const backAt = performance.now();
      await (stop === 'SIGSTOP' ? node.kill('SIGCONT') : node.restart());
      await served(load, load.served.length + 100);
      await eventually(
        'health 200',
        async () => ((await healthStatus()) === 200 ? true : null),
        BACK_WITHIN_MS,
      );
      await load.stop();

      for (const { reason, code, retryAfterMs, sentAt, answeredAt } of load.refused) {
        assert.deepEqual([reason, code], ['STORE_UNAVAILABLE', Code.Unavailable]);
        assert.ok(retryAfterMs !== null && retryAfterMs > 0);
        assert.ok(answeredAt - sentAt <= REFUSED_WITHIN_MS, `refused after ${answeredAt - sentAt} ms`);
      }
      // What was sent after the stop was answered only when it was back.
      const meanwhile = load.served.filter(
        ({ sentAt, answeredAt }) => sentAt > stoppedAt && answeredAt < backAt,
      );
      assert.deepEqual(meanwhile, []);
      assert.equal(load.lost(), 0);
      assertAudited(load.served, await auditRowsWith(server.admin, load.served));
    });
});
