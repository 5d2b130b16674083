import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drawMany, drawn, drawOne, kinds, mustDraw, queuesOf } from '../support/drawing.ts';
import { eventually } from '../support/eventually.ts';
import { limitOf } from '../support/meter-run.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addKeys, addTier, editFeatures, editKey, eventOf, same } from '../support/store-rows.ts';

const HOUR_MS = 3_600_000;

export function registerKeyStateTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a key`, () => {
    it('that is disabled is drawn no more, from the next draw on, and again when it is enabled', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const [one, two] = await addKeys(store, 'tier', same(2));
      assert.ok(one && two);
      await editKey(store, one.id, () => ({ state: 'disabled' }));
      const served = drawn(await drawMany(store, [tier], 'a', 10));
      assert.ok(served.length === 10 && served.every(({ keyId }) => keyId === two.id));
      await editKey(store, one.id, () => ({ state: 'active' }));
      assert.equal((await mustDraw(store, [tier], 'a')).keyId, one.id);
    });

    it('that is toggled under load is drawn only while it is active', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const key = await addKey(store, 'tier');
      for (let i = 0; i < 10; i++) {
        const draws = [1, 2, 3].map(() => drawMany(store, [tier], 'a', 4));
        await editKey(store, key.id, () => ({ state: 'disabled' }));
        assert.deepEqual(kinds(await drawMany(store, [tier], 'a', 4)), { empty: 4 });
        await Promise.all(draws);
        await editKey(store, key.id, () => ({ state: 'active' }));
        await mustDraw(store, [tier], 'a');
      }
    });

    it('that expires is drawn no more from that moment on', async (t) => {
      const { store, waitUntil } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const key = await addKey(store, 'tier', { expireAt: store.now() + HOUR_MS });
      assert.equal((await mustDraw(store, [tier], 'a')).expireAt, key.expireAt);
      const soon = await store.editKey(key.id, (row, _tier, now) => ({
        row: { ...row, expireAt: now + 200 },
        event: eventOf('UpdateKey'),
      }));
      assert.equal(Object.keys(soon.ready).length, 1);
      await waitUntil(store, (soon.expireAt ?? 0) + 50);
      assert.equal((await drawOne(store, [tier], 'a')).kind, 'empty');
      await editKey(store, key.id, () => ({ expireAt: null }));
      await mustDraw(store, [tier], 'a');
    });
  });

  registerOutTests(name, makeStore);

  registerRevisionTests(name, makeStore);
}

function registerOutTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a key`, () => {
    it('that was quarantined is out with its reason until it is edited; what was out before stays so', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const [one, two] = await addKeys(store, 'tier', [{}, { state: 'disabled', stateReason: 'by hand' }]);
      assert.ok(one && two);
      await store.quarantineKey(one.id, one.value, 'SEAL_BROKEN: first');
      await store.quarantineKey(one.id, one.value, 'SEAL_BROKEN: second');
      await store.quarantineKey(two.id, two.value, 'SEAL_BROKEN');
      await store.quarantineKey('gone', one.value, 'SEAL_BROKEN');
      const [first, second] = [await store.getKey(one.id), await store.getKey(two.id)];
      assert.deepEqual([first?.state, first?.stateReason], ['quarantined', 'SEAL_BROKEN: first']);
      assert.deepEqual([first?.ready, first?.due, first?.version], [{}, {}, one.version]);
      assert.deepEqual([second?.state, second?.stateReason], ['disabled', 'by hand']);
      assert.equal((await drawOne(store, [tier], 'a')).kind, 'empty');
      await editKey(store, one.id, () => ({ state: 'active', stateReason: '' }));
      assert.equal((await mustDraw(store, [tier], 'a')).keyId, one.id);
    });

    it('whose value was replaced since is not quarantined for the one before', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      const key = await addKey(store, 'tier');
      const replaced = await editKey(store, key.id, () => ({
        value: 'upstream-value-2',
        fingerprint: 'other',
      }));
      await store.quarantineKey(key.id, key.value, 'SEAL_BROKEN');
      assert.deepEqual(await store.getKey(key.id), replaced);
    });

    it('that expires before it could serve again is not waited for', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [limitOf('sliding', 1, 2 * HOUR_MS)] });
      const key = await addKey(store, 'tier', { expireAt: store.now() + HOUR_MS });
      await mustDraw(store, [tier], 'a');
      assert.deepEqual(await drawOne(store, [tier], 'a'), { kind: 'empty' });
      const { available, nextAt } = await store.availability(queuesOf([tier], 'a'), 10);
      assert.deepEqual([available, nextAt], [0, null]);
      await editKey(store, key.id, () => ({ expireAt: null }));
      assert.equal((await drawOne(store, [tier], 'a')).kind, 'exhausted');
    });

    it('of an empty tier is none: waiting does not help', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      assert.deepEqual(await drawOne(store, [tier], 'a'), { kind: 'empty' });
    });
  });
}

function registerRevisionTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a tier's revision`, () => {
    it('that is older than a row has seen is refused, so a lowered limit cannot be passed', async (t) => {
      const { store } = await useStore(t, makeStore);
      const old = await addTier(store, { a: [limitOf('sliding', 100, HOUR_MS)] });
      await addKey(store, 'tier');
      await drawMany(store, [old], 'a', 5);
      const limits = [limitOf('sliding', 7, HOUR_MS)];
      const lowered = await editFeatures(store, 'tier', [{ name: 'a', limits }]);
      await mustDraw(store, [lowered], 'a');
      assert.deepEqual(await drawOne(store, [old], 'a'), { kind: 'stale', tierId: 'tier' });
      assert.deepEqual(kinds(await drawMany(store, [lowered], 'a', 5)), { drawn: 1, exhausted: 4 });
    });

    it('acts on the next draw where it raises a limit, once the keys are placed', async (t) => {
      const { store } = await useStore(t, makeStore);
      const old = await addTier(store, { a: [limitOf('sliding', 1, HOUR_MS)] });
      await addKey(store, 'tier');
      assert.equal(drawn(await drawMany(store, [old], 'a', 2)).length, 1);
      const limits = [limitOf('sliding', 4, HOUR_MS)];
      const raised = await editFeatures(store, 'tier', [{ name: 'a', limits }]);
      await eventually('the job is done', async () => ((await store.runJobStep(100)) === null ? true : null));
      await mustDraw(store, [raised], 'a');
      assert.deepEqual(await drawOne(store, [old], 'a'), { kind: 'stale', tierId: 'tier' });
      assert.deepEqual(kinds(await drawMany(store, [raised], 'a', 9)), { drawn: 2, exhausted: 7 });
    });

    it('that is stale in one tier keeps no other draw of the round from its key', async (t) => {
      const { store } = await useStore(t, makeStore);
      const old = await addTier(store, { a: [] });
      const other = await addTier(store, { a: [] }, 'other');
      await addKeys(store, 'tier', same(1));
      await addKeys(store, 'other', same(1));
      const edited = await editFeatures(store, 'tier', [
        { name: 'a', limits: [limitOf('sliding', 9, HOUR_MS)] },
      ]);
      await mustDraw(store, [edited], 'a');
      const results = await Promise.all([drawOne(store, [old], 'a'), drawOne(store, [other], 'a')]);
      assert.deepEqual(
        results.map(({ kind }) => kind),
        ['stale', 'drawn'],
      );
    });
  });
}
