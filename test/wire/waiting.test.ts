import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Code } from '@connectrpc/connect';
import { durationFromMs } from '../../src/client/node.ts';
import { eventually } from '../support/eventually.ts';
import { callJson } from './json-call.ts';
import { addSlowPool, clientOf, PROTOCOLS, reasonOf, STORES, serveOnMongo } from './waiting-pool.ts';

const maxWait = durationFromMs(15_000);

/** Resolves when so many draws wait in a process. */
async function waiting(served: { context: { waitingLines: { count: () => number } } }, count: number) {
  await eventually(`${count} wait`, () => (served.context.waitingLines.count() === count ? true : null));
}

// Most of a test's time is waiting.
describe('a draw that waits', { concurrency: 6 }, () => {
  for (const [store, serving] of Object.entries(STORES))
    for (const [protocol, transportTo] of Object.entries(PROTOCOLS))
      describe(`a draw that waits, by ${protocol}, on ${store}`, () => {
        it('is served when a key frees, also later than REQUEST_TIMEOUT', async (t) => {
          const served = await serving(t, { REQUEST_TIMEOUT: '1s' });
          const { feature, token, keyId } = await addSlowPool(served);
          const client = clientOf(transportTo(served.url), token);
          const begun = performance.now();
          const draws = [0, 1, 2].map(() => client.drawKey({ feature, maxWait }));
          const ids = (await Promise.all(draws)).map((drawn) => drawn.keyId);
          assert.deepEqual(ids, [keyId, keyId, keyId]);
          // The second after a window and its guard, the third after another.
          assert.ok(performance.now() - begun >= 4000);
        });

        it('ends with its caller, at its caller’s deadline, and when the service stops', async (t) => {
          const served = await serving(t, {});
          const { feature, token } = await addSlowPool(served, 20_000);
          const client = clientOf(transportTo(served.url), token);
          await client.drawKey({ feature });
          const long = durationFromMs(30_000);
          assert.equal(await reasonOf(client.drawKey({ feature, maxWait })), 'POOL_EXHAUSTED');
          const late = client.drawKey({ feature, maxWait: long }, { timeoutMs: 200 });
          assert.equal(
            await reasonOf(late).then((reason) => reason.replace(/code 4/, 'DEADLINE_EXCEEDED')),
            'DEADLINE_EXCEEDED',
          );
          await waiting(served, 0);
          const leave = new AbortController();
          const gone = reasonOf(client.drawKey({ feature, maxWait: long }, { signal: leave.signal }));
          await waiting(served, 1);
          leave.abort();
          assert.equal(await gone, `code ${Code.Canceled}`);
          await waiting(served, 0);
          const last = reasonOf(client.drawKey({ feature, maxWait: long }));
          await waiting(served, 1);
          const begun = performance.now();
          const closed = served.close();
          assert.equal(await last, 'SHUTTING_DOWN');
          await closed;
          assert.ok(performance.now() - begun < 5000);
        });
      });

  describe('a draw that waits', () => {
    for (const [protocol, transportTo] of Object.entries(PROTOCOLS))
      it(`takes no place from the call that it waits for, by ${protocol}`, async (t) => {
        const served = await (STORES.SQLite ?? assert.fail())(t, { MAX_CONCURRENT_REQUESTS: '2' });
        const { feature, token } = await addSlowPool(served, 20_000);
        const client = clientOf(transportTo(served.url), token);
        await client.drawKey({ feature });
        const draws: Promise<unknown>[] = [];
        for (const count of [1, 2, 3]) {
          draws.push(client.drawKey({ feature, maxWait: durationFromMs(25_000) }));
          await waiting(served, count);
        }
        for (const value of ['one', 'two', 'three'])
          await callJson(served, 'AdminService/CreateKey', { key: { tierId: feature, value } });
        await Promise.all(draws);
        // And a place that was given up is not given up again.
        const crowd = Array.from({ length: 40 }, () => reasonOf(client.drawKey({ feature })));
        assert.ok((await Promise.all(crowd)).every((reason) => /POOL_EXHAUSTED|OVERLOADED/.test(reason)));
        assert.equal(await reasonOf(client.drawKey({ feature })), 'POOL_EXHAUSTED');
      });

    it('is served by what another process frees, at once', async (t) => {
      const [one, other] = await serveOnMongo(t, 2);
      if (one === undefined || other === undefined) throw new Error('two processes serve');
      const { feature, token } = await addSlowPool(one, 20_000);
      const client = clientOf(PROTOCOLS.gRPC?.(one.url) ?? assert.fail(), token);
      await client.drawKey({ feature });
      const draw = client.drawKey({ feature, maxWait: durationFromMs(25_000) });
      await waiting(one, 1);
      await callJson(other, 'AdminService/CreateKey', { key: { tierId: feature, value: 'another' } });
      const begun = performance.now();
      await draw;
      assert.ok(performance.now() - begun < 2000);
    });

    it('is refused within 2 s after another process revoked its caller', async (t) => {
      const [one, other] = await serveOnMongo(t, 2);
      if (one === undefined || other === undefined) throw new Error('two processes serve');
      const { feature, token, consumerId } = await addSlowPool(one, 20_000);
      const client = clientOf(PROTOCOLS.Connect?.(one.url) ?? assert.fail(), token);
      await client.drawKey({ feature });
      const draw = reasonOf(client.drawKey({ feature, maxWait: durationFromMs(25_000) }));
      await waiting(one, 1);
      await callJson(other, 'AdminService/RevokeConsumer', { id: consumerId, reason: 'left' });
      const begun = performance.now();
      assert.equal(await draw, 'TOKEN_REVOKED');
      assert.ok(performance.now() - begun < 2000);
    });
  });
});
