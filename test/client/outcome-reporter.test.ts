import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  Code,
  ConnectError,
  createOutcomeReporter,
  type KeypoolClient,
  keypoolErrorOf,
  Outcome,
} from '../../src/client/exports.ts';
import { EVERY_CLIENT } from './every-client.ts';
import { type Keypool, startKeypool } from './keypool.ts';
import { closedUrl } from './tcp.ts';

let keypool: Keypool;
before(async () => {
  keypool = await startKeypool();
});
after(() => keypool?.stop());

/** A client's `keyPool` that counts the reports of each call. */
function counting({ keyPool }: KeypoolClient) {
  const sizes: number[] = [];
  const batchReportOutcomes: typeof keyPool.batchReportOutcomes = (request, options) => {
    sizes.push(request.reports?.length ?? 0);
    return keyPool.batchReportOutcomes(request, options);
  };
  return { sizes, batchReportOutcomes };
}

async function drawIds(client: KeypoolClient, count: number): Promise<readonly string[]> {
  const { feature } = await keypool.addPool();
  const draws = await Promise.all(Array.from({ length: count }, () => client.keyPool.drawKey({ feature })));
  return draws.map(({ drawId }) => drawId);
}

for (const { name, create } of EVERY_CLIENT)
  describe(`outcomes that ${name} reports together`, () => {
    const open = () => create({ baseUrl: keypool.url, token: keypool.token });

    it('stand on record after one call for all, a hundred at most', async () => {
      const client = open();
      const counted = counting(client);
      const reporter = createOutcomeReporter(counted);
      const ids = await drawIds(client, 150);
      await Promise.all(ids.map((drawId) => reporter.report({ drawId, outcome: Outcome.OK })));
      assert.deepEqual(counted.sizes, [100, 50]);
      const { usageEvents } = await keypool.admin.listUsageEvents({ pageSize: 150 });
      assert.deepEqual(new Set(usageEvents.map(({ outcome }) => outcome)), new Set([Outcome.OK]));
      client.close();
    });

    it('are refused one by one, as if each had been reported alone', async () => {
      const client = open();
      const reporter = createOutcomeReporter(client.keyPool);
      const [drawId = ''] = await drawIds(client, 1);
      const ended = Promise.allSettled([
        reporter.report({ drawId, outcome: Outcome.OK }),
        reporter.report({ drawId: 'no-such-draw', outcome: Outcome.OK }),
        reporter.report({ drawId, outcome: Outcome.OK }),
      ]);
      await reporter.flush();
      const reasons = (await ended).map((end) =>
        end.status === 'fulfilled' ? 'reported' : keypoolErrorOf(end.reason)?.reason,
      );
      assert.deepEqual(reasons, ['reported', 'DRAW_NOT_FOUND', 'reported']);
      const other = reporter.report({ drawId, outcome: Outcome.TIMEOUT });
      await assert.rejects(other, (error) => keypoolErrorOf(error)?.reason === 'OUTCOME_REPORTED');
      client.close();
    });

    it('are all refused when their call is', async () => {
      const client = create({ baseUrl: await closedUrl(), token: keypool.token });
      const reporter = createOutcomeReporter(client.keyPool, { maxDelayMs: 0 });
      const reports = ['a', 'b'].map((drawId) => reporter.report({ drawId, outcome: Outcome.OK }));
      for (const end of await Promise.allSettled(reports)) {
        assert.ok(end.status === 'rejected' && end.reason instanceof ConnectError);
        assert.equal(end.reason.code, Code.Unavailable);
      }
      client.close();
    });
  });
