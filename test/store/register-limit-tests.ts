import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guardMs } from '../../src/model/tier.ts';
import { drawAll, drawMany, drawn, drawOf, drawOne, kinds } from '../support/drawing.ts';
import { limitOf } from '../support/meter-run.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addKeys, addTier, same } from '../support/store-rows.ts';

const HOUR_MS = 3_600_000;

export function registerLimitTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a limit`, () => {
    for (const algorithm of ['sliding', 'fixed'] as const)
      it(`of a ${algorithm} window holds, and gives its units back when it says so`, async (t) => {
        const { store, waitUntil, windowMs } = await useStore(t, makeStore);
        const limit = limitOf(algorithm, 3, windowMs);
        const tier = await addTier(store, { a: [limit] });
        await addKey(store, 'tier');
        const first = await drawMany(store, [tier], 'a', 5);
        assert.deepEqual(kinds(first), { drawn: 3, exhausted: 2 });
        const at = drawn(first)[0]?.at ?? assert.fail('three were served');
        const nextAt = at + windowMs + guardMs(limit);
        assert.deepEqual(first[4], { kind: 'exhausted', nextAt });
        await waitUntil(store, nextAt + 50);
        const second = await drawMany(store, [tier], 'a', 5);
        assert.deepEqual(kinds(second), { drawn: 3, exhausted: 2 });
        assert.ok(drawn(second).every((draw) => draw.at >= nextAt));
      });

    it('names the earliest moment of all keys and tiers', async (t) => {
      const { store } = await useStore(t, makeStore);
      const slow = await addTier(store, { a: [limitOf('sliding', 1, 2 * HOUR_MS)] });
      const fast = await addTier(store, { a: [limitOf('sliding', 1, HOUR_MS)] }, 'fast');
      await addKey(store, 'tier');
      await addKeys(store, 'fast', same(2));
      const served = drawn(await drawMany(store, [slow, fast], 'a', 3));
      const earliest = Math.min(...served.filter(({ tierId }) => tierId === 'fast').map(({ at }) => at));
      const refused = await drawOne(store, [slow, fast], 'a');
      assert.deepEqual(refused, { kind: 'exhausted', nextAt: earliest + HOUR_MS + 1000 });
    });

    it('holds together with up to three others of its feature', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, {
        a: [
          limitOf('sliding', 50, HOUR_MS),
          limitOf('fixed', 7, 2 * HOUR_MS),
          limitOf('sliding', 5, 3 * HOUR_MS),
          limitOf('sliding', 100, 4 * HOUR_MS),
        ],
      });
      await addKey(store, 'tier');
      const results = await drawMany(store, [tier], 'a', 9);
      const at = drawn(results)[0]?.at ?? assert.fail('five were served');
      assert.deepEqual(kinds(results), { drawn: 5, exhausted: 4 });
      assert.deepEqual(results[8], { kind: 'exhausted', nextAt: at + 3 * HOUR_MS + 1000 });
    });
  });

  registerGuardTests(name, makeStore);

  registerUnitTests(name, makeStore);
}

function registerGuardTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a limit`, () => {
    it('counts for its own feature only', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, {
        a: [limitOf('sliding', 1, HOUR_MS)],
        b: [limitOf('sliding', 2, HOUR_MS)],
      });
      await addKey(store, 'tier');
      assert.deepEqual(kinds(await drawMany(store, [tier], 'a', 3)), { drawn: 1, exhausted: 2 });
      assert.deepEqual(kinds(await drawMany(store, [tier], 'b', 3)), { drawn: 2, exhausted: 1 });
    });

    it('lets a value leave up to half a guard after its take, and for ever where none binds', async (t) => {
      const monotonicMs = () => performance.now();
      const { store } = await useStore(t, makeStore, { clock: { nowMs: () => Date.now(), monotonicMs } });
      const tier = await addTier(store, { a: [limitOf('sliding', 9, HOUR_MS, 4000)], b: [] });
      await addKey(store, 'tier');
      const before = monotonicMs();
      const limited = await drawOne(store, [tier], 'a');
      assert.ok(limited.kind === 'drawn');
      assert.ok(limited.leaveBy > before && limited.leaveBy <= monotonicMs() + 2000);
      const free = await drawOne(store, [tier], 'b');
      assert.ok(free.kind === 'drawn' && free.leaveBy === Infinity);
    });
  });
}

function registerUnitTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a draw of several units`, () => {
    it('counts all of them', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [limitOf('sliding', 10, HOUR_MS)] });
      await addKey(store, 'tier');
      assert.deepEqual(kinds(await drawMany(store, [tier], 'a', 4, { units: 3 })), {
        drawn: 3,
        exhausted: 1,
      });
      assert.deepEqual(kinds(await drawMany(store, [tier], 'a', 2)), { drawn: 1, exhausted: 1 });
    });

    it('passes over a key that has less left, whose units then serve draws of one', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [limitOf('sliding', 10, HOUR_MS)] });
      const [low] = await addKeys(store, 'tier', same(1));
      await drawMany(store, [tier], 'a', 5);
      assert.equal((await drawOne(store, [tier], 'a', { units: 10 })).kind, 'exhausted');
      const [full] = await addKeys(store, 'tier', same(1));
      const big = await drawOne(store, [tier], 'a', { units: 10 });
      assert.ok(big.kind === 'drawn' && big.keyId === full?.id);
      const rest = await drawMany(store, [tier], 'a', 8);
      assert.deepEqual(kinds(rest), { drawn: 5, exhausted: 3 });
      assert.ok(drawn(rest).every(({ keyId }) => keyId === low?.id));
    });

    it('names the moment when so many can be had from one key', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [limitOf('sliding', 10, HOUR_MS)] });
      await addKey(store, 'tier');
      const [five] = drawn(await drawMany(store, [tier], 'a', 5));
      const refused = await drawOne(store, [tier], 'a', { units: 6 });
      assert.deepEqual(refused, { kind: 'exhausted', nextAt: (five?.at ?? 0) + HOUR_MS + 1000 });
    });

    it('shares a round with draws of other sizes and features', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [limitOf('sliding', 10, HOUR_MS)], b: [] });
      await addKeys(store, 'tier', same(2));
      const sizes = [4, 1, 4, 1, 4, 1, 4, 1];
      const draws = sizes.map((units) => drawOf([tier], 'a', { units }));
      const results = await drawAll(store, [...draws, drawOf([tier], 'b'), drawOf([tier], 'b')]);
      assert.deepEqual(kinds(results.slice(8)), { drawn: 2 });
      const units = results
        .slice(0, 8)
        .reduce((sum, { kind }, i) => sum + (kind === 'drawn' ? (sizes[i] ?? 0) : 0), 0);
      assert.ok(units >= 16 && units <= 20);
    });
  });
}
