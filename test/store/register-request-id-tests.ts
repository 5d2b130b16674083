import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Tier } from '../../src/model/tier.ts';
import type { DrawResult, Store } from '../../src/store/port.ts';
import { drawAll, drawMany, drawn, drawOf, drawOne, kinds, mustDraw } from '../support/drawing.ts';
import { eventually } from '../support/eventually.ts';
import { budgetOf } from '../support/key-state.ts';
import { usageEventsOnce } from '../support/listing.ts';
import { limitOf } from '../support/meter-run.ts';
import { type OpenedStore, type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addTier, editKey, eventOf } from '../support/store-rows.ts';

const HOUR_MS = 3_600_000;
/** So long a guard that a retry in a test is never late; and so short a one that it soon is. */
const LONG_GUARD_MS = 120_000;
const SHORT_GUARD_MS = 20;

const id = (key: string, fingerprint = 'fields') => ({ idempotency: { key, fingerprint } });

/** A key with a budget of 50 and a limit of three per hour. */
async function scene({ store }: OpenedStore, guardMs: number): Promise<{ tiers: Tier[]; keyId: string }> {
  const tier = await addTier(store, { a: [limitOf('sliding', 3, HOUR_MS, guardMs)] });
  const key = await addKey(store, 'tier', { budgets: [budgetOf(50)] });
  return { tiers: [tier], keyId: key.id };
}

async function used(store: Store, keyId: string): Promise<number | undefined> {
  return (await store.getKey(keyId))?.budgets[0]?.used;
}

function drawId(result: DrawResult | undefined): string {
  return result?.kind === 'drawn' ? result.drawId : assert.fail(`not drawn: ${JSON.stringify(result)}`);
}

export function registerRequestIdTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a retry with the same request id`, () => {
    it('gets the same draw and takes nothing, while the first may still leave', async (t) => {
      const opened = await useStore(t, makeStore);
      const { store } = opened;
      const { tiers, keyId } = await scene(opened, LONG_GUARD_MS);
      const first = await mustDraw(store, tiers, 'a', id('r1'));
      assert.equal(first.replayed, false);
      for (let i = 0; i < 3; i++) {
        const again = await mustDraw(store, tiers, 'a', id('r1'));
        assert.deepEqual({ ...again, leaveBy: 0 }, { ...first, leaveBy: 0, replayed: true });
      }
      assert.equal(await used(store, keyId), 1);
      assert.equal(drawn(await drawMany(store, tiers, 'a', 5)).length, 2);
      assert.equal((await usageEventsOnce(store, 3)).length, 3);
    });

    it('takes its rate units anew when it comes later than that, and no budget', async (t) => {
      const opened = await useStore(t, makeStore);
      const { store, waitUntil } = opened;
      const { tiers, keyId } = await scene(opened, SHORT_GUARD_MS);
      const first = await mustDraw(store, tiers, 'a', id('r1'));
      await waitUntil(store, first.at + 100);
      assert.equal(drawId(await drawOne(store, tiers, 'a', id('r1'))), first.drawId);
      assert.equal(await used(store, keyId), 1);
      assert.deepEqual(kinds(await drawMany(store, tiers, 'a', 5)), { drawn: 1, exhausted: 4 });
      assert.equal(await used(store, keyId), 2);
      await waitUntil(store, first.at + 300);
      assert.equal((await drawOne(store, tiers, 'a', id('r1'))).kind, 'exhausted');
    });

    it('gets the same draw from a store that was opened since', async (t) => {
      const opened = await useStore(t, makeStore);
      const { tiers, keyId } = await scene(opened, LONG_GUARD_MS);
      const first = await mustDraw(opened.store, tiers, 'a', id('r1'));
      await opened.store.close();
      const store = await opened.open();
      assert.equal(drawId(await drawOne(store, tiers, 'a', id('r1'))), first.drawId);
      assert.equal(await used(store, keyId), 1);
    });

    it('is refused with other fields, and takes nothing', async (t) => {
      const opened = await useStore(t, makeStore);
      const { store } = opened;
      const { tiers, keyId } = await scene(opened, LONG_GUARD_MS);
      await mustDraw(store, tiers, 'a', id('r1'));
      assert.deepEqual(await drawOne(store, tiers, 'a', id('r1', 'other fields')), { kind: 'reused' });
      assert.equal(await used(store, keyId), 1);
    });
  });

  registerAnewTests(name, makeStore);

  registerGoneTests(name, makeStore);
  registerRaceTests(name, makeStore);
}

function registerAnewTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a retry with the same request id`, () => {
    it('is a draw of its own after one that was refused', async (t) => {
      const opened = await useStore(t, makeStore);
      const { store } = opened;
      const { tiers, keyId } = await scene(opened, LONG_GUARD_MS);
      await editKey(store, keyId, () => ({ state: 'disabled' }));
      assert.equal((await drawOne(store, tiers, 'a', id('r1'))).kind, 'empty');
      await editKey(store, keyId, () => ({ state: 'active' }));
      await mustDraw(store, tiers, 'a', id('r1'));
      assert.equal(await used(store, keyId), 1);
    });

    it('never gets a withheld draw, but one of its own', async (t) => {
      const opened = await useStore(t, makeStore);
      const { store } = opened;
      const { tiers, keyId } = await scene(opened, LONG_GUARD_MS);
      const first = await mustDraw(store, tiers, 'a', id('r1'));
      await store.withhold([first.drawId]);
      const second = await mustDraw(store, tiers, 'a', id('r1'));
      assert.notEqual(second.drawId, first.drawId);
      assert.equal(await used(store, keyId), 2);
      assert.equal((await mustDraw(store, tiers, 'a', id('r1'))).drawId, second.drawId);
    });
  });
}

function registerGoneTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a retry whose key can no longer be handed out`, () => {
    const ends: Readonly<Record<string, (store: Store, keyId: string) => Promise<unknown>>> = {
      disabled: (store, keyId) => editKey(store, keyId, () => ({ state: 'disabled' })),
      quarantined: (store, keyId) => store.quarantineKey(keyId, 'upstream-value-1', 'SEAL_BROKEN'),
      expired: (store, keyId) => editKey(store, keyId, () => ({ expireAt: store.now() - 1 })),
      deleted: (store, keyId) => store.deleteKey(keyId, () => eventOf('DeleteKey')),
    };
    for (const [how, end] of Object.entries(ends))
      it(`is told so: ${how}`, async (t) => {
        const opened = await useStore(t, makeStore);
        const { tiers, keyId } = await scene(opened, LONG_GUARD_MS);
        await mustDraw(opened.store, tiers, 'a', id('r1'));
        await addKey(opened.store, 'tier');
        await end(opened.store, keyId);
        assert.deepEqual(await drawOne(opened.store, tiers, 'a', id('r1')), { kind: 'gone' });
      });
  });
}

function registerRaceTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: draws that race with one request id`, () => {
    it('in one round are one draw', async (t) => {
      const opened = await useStore(t, makeStore);
      const { store } = opened;
      const { tiers, keyId } = await scene(opened, LONG_GUARD_MS);
      const draws = Array.from({ length: 6 }, (_, i) => drawOf(tiers, 'a', id(`r${i % 2}`)));
      const results = await drawAll(store, draws);
      assert.equal(new Set(results.map(drawId)).size, 2);
      assert.equal(await used(store, keyId), 2);
    });

    it('in one round with other fields are refused but for one', async (t) => {
      const opened = await useStore(t, makeStore);
      const { store } = opened;
      const { tiers, keyId } = await scene(opened, LONG_GUARD_MS);
      const draws = ['x', 'y', 'z'].map((fields) => drawOf(tiers, 'a', id('r1', fields)));
      assert.deepEqual(kinds(await drawAll(store, draws)), { drawn: 1, reused: 2 });
      assert.equal(await used(store, keyId), 1);
    });

    it('in one round are each refused for its own reason where none is served', async (t) => {
      const opened = await useStore(t, makeStore);
      const { store } = opened;
      const { tiers } = await scene(opened, LONG_GUARD_MS);
      await drawMany(store, tiers, 'a', 3);
      const draws = ['x', 'x', 'y'].map((fields) => drawOf(tiers, 'a', id('r1', fields)));
      assert.deepEqual(kinds(await drawAll(store, draws)), { exhausted: 3 });
    });

    it('in rounds of several stores at the same time are one draw', async (t) => {
      const opened = await useStore(t, makeStore, { openTakeMs: 500 });
      const tiers = [await addTier(opened.store, { a: [] })];
      const { id: keyId } = await addKey(opened.store, 'tier', { budgets: [budgetOf(50)] });
      await opened.store.close();
      const stores = await opened.openMany(3);
      for (let race = 0; race < 3; race++) {
        const calls = [...stores, ...stores].map((store) => drawOne(store, tiers, 'a', id(`race-${race}`)));
        assert.equal(new Set((await Promise.all(calls)).map(drawId)).size, 1);
      }
      const [store] = stores;
      assert.ok(store);
      assert.equal((await usageEventsOnce(store, 3)).length, 3);
      await eventually('what the others took is given back', async () => {
        await store.recoverOpenTakes(100);
        return (await used(store, keyId)) === 3 ? true : null;
      });
    });
  });
}
