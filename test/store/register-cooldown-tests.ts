import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drawMany, drawn, drawOne, mustDraw } from '../support/drawing.ts';
import { addTierWith, healthNow, keyNow, mustReport, report, ruleOf } from '../support/reporting.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addKeys, editKey, same } from '../support/store-rows.ts';

const HOUR_MS = 3_600_000;
const BOTH = { a: [], b: [] };

export function registerCooldownTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a cooldown`, () => {
    it('rests the feature that was drawn for, and the key comes back by itself', async (t) => {
      const { store, waitUntil, windowMs } = await useStore(t, makeStore);
      const tier = await addTierWith(store, {}, BOTH);
      const key = await addKey(store, 'tier');
      const draw = await mustDraw(store, [tier], 'a');
      const end = (await mustReport(store, draw, 'rate_limited', { retryAfterMs: windowMs })) + windowMs;
      assert.deepEqual((await healthNow(store, key)).cooling, { a: end });
      assert.deepEqual(await drawOne(store, [tier], 'a'), { kind: 'exhausted', nextAt: end });
      await mustDraw(store, [tier], 'b');
      await waitUntil(store, end + 50);
      assert.ok((await mustDraw(store, [tier], 'a')).at >= end);
      assert.deepEqual((await healthNow(store, key)).cooling, {});
    });

    it('of the whole key rests all its features, while other keys are drawn', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTierWith(store, {}, BOTH);
      const keys = await addKeys(store, 'tier', same(2));
      const draw = await mustDraw(store, [tier], 'a');
      const end =
        (await mustReport(store, draw, 'quota_exceeded', { retryAfterMs: 2 * HOUR_MS })) + 2 * HOUR_MS;
      for (const feature of ['a', 'b']) {
        const served = drawn(await drawMany(store, [tier], feature, 4));
        assert.ok(served.length === 4 && served.every(({ keyId }) => keyId !== draw.keyId));
      }
      const cooled = keys.find(({ id }) => id === draw.keyId) ?? assert.fail('it was created');
      const { ready, due } = await keyNow(store, cooled);
      assert.deepEqual([ready, Object.values(due)], [{}, [end, end]]);
    });

    it('is not heeded beyond a day', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTierWith(store, {});
      await addKey(store, 'tier');
      const draw = await mustDraw(store, [tier], 'a');
      const at = await mustReport(store, draw, 'rate_limited', { retryAfterMs: 30 * 24 * HOUR_MS });
      assert.deepEqual(await drawOne(store, [tier], 'a'), { kind: 'exhausted', nextAt: at + 24 * HOUR_MS });
    });

    it('is over when an admin says so', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTierWith(store, {});
      const key = await addKey(store, 'tier');
      await mustReport(store, await mustDraw(store, [tier], 'a'), 'rate_limited', { retryAfterMs: HOUR_MS });
      await editKey(store, key.id, ({ health }) => ({ health: { ...health, cooling: {} } }));
      await mustDraw(store, [tier], 'a');
    });
  });

  registerStreakTests(name, makeStore);
  registerIncidentTests(name, makeStore);
}

function registerStreakTests(name: string, makeStore: StoreFactory): void {
  const rule = ruleOf('rate_limited', { cooldown: 'feature', minCooldownMs: 200, maxCooldownMs: 300 });

  describe(`${name}: failures in a row`, () => {
    it('rest the key twice as long each time, between the bounds, less a random part of half', async (t) => {
      const { store, waitUntil } = await useStore(t, makeStore);
      const tier = await addTierWith(store, { failureRules: [rule] });
      const key = await addKey(store, 'tier');
      const expected = [
        { jitter: 0, ms: 200 },
        { jitter: 0, ms: 300 },
        { jitter: 0.5, ms: 225 },
      ];
      for (const { jitter, ms } of expected) {
        const draw = await mustDraw(store, [tier], 'a');
        const end = (await mustReport(store, draw, 'rate_limited', { jitter })) + ms;
        assert.deepEqual((await healthNow(store, key)).cooling, { a: end });
        await waitUntil(store, end + 20);
      }
    });

    it('rest it only from so many on, and one that went well ends the row', async (t) => {
      const { store } = await useStore(t, makeStore);
      const limits = { cooldownAfter: 3, minCooldownMs: HOUR_MS, maxCooldownMs: HOUR_MS };
      const failureRules = [ruleOf('timeout', { cooldown: 'feature', ...limits })];
      const tier = await addTierWith(store, { failureRules });
      const key = await addKey(store, 'tier');
      for (const outcome of ['timeout', 'timeout', 'invalid_request', 'ok', 'timeout', 'timeout'] as const)
        await mustReport(store, await mustDraw(store, [tier], 'a'), outcome);
      assert.deepEqual((await healthNow(store, key)).failures, { timeout: 2 });
      await mustReport(store, await mustDraw(store, [tier], 'a'), 'timeout');
      assert.equal((await drawOne(store, [tier], 'a')).kind, 'exhausted');
    });
  });
}

function registerIncidentTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: reports of draws from before a cooldown`, () => {
    it('are of the same incident: they neither count nor extend it, unless the upstream says so', async (t) => {
      const { store, waitUntil } = await useStore(t, makeStore);
      const rule = ruleOf('rate_limited', {
        cooldown: 'feature',
        minCooldownMs: HOUR_MS,
        maxCooldownMs: 9 * HOUR_MS,
      });
      const tier = await addTierWith(store, { failureRules: [rule] });
      const key = await addKey(store, 'tier');
      const [one, two, three, four] = drawn(await drawMany(store, [tier], 'a', 4));
      assert.ok(one && two && three && four);
      await waitUntil(store, one.at + 20);
      const end = (await mustReport(store, one, 'rate_limited')) + HOUR_MS;
      await mustReport(store, two, 'rate_limited');
      await mustReport(store, three, 'ok');
      const { cooling, failures } = await healthNow(store, key);
      assert.deepEqual([cooling, failures], [{ a: end }, { rate_limited: 1 }]);
      const later =
        (await mustReport(store, four, 'rate_limited', { retryAfterMs: 2 * HOUR_MS })) + 2 * HOUR_MS;
      const after = await healthNow(store, key);
      assert.deepEqual([after.cooling, after.failures], [{ a: later }, { rate_limited: 1 }]);
      assert.deepEqual(await drawOne(store, [tier], 'a'), { kind: 'exhausted', nextAt: later });
    });

    it('leave a key alone that an admin disabled meanwhile', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTierWith(store, {});
      const key = await addKey(store, 'tier');
      const draw = await mustDraw(store, [tier], 'a');
      await editKey(store, key.id, () => ({ state: 'disabled', stateReason: 'by hand' }));
      assert.equal((await report(store, draw, 'rate_limited', { retryAfterMs: 10 })).kind, 'reported');
      const { state, stateReason, ready, due } = await keyNow(store, key);
      assert.deepEqual([state, stateReason, ready, due], ['disabled', 'by hand', {}, {}]);
    });
  });
}
