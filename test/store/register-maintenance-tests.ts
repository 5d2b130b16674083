import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Change, Store } from '../../src/store/port.ts';
import { drawOne } from '../support/drawing.ts';
import { eventually } from '../support/eventually.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import {
  addKey,
  addKeys,
  addTier,
  consumerOf,
  editFeatures,
  editKey,
  eventOf,
  keyOf,
  same,
} from '../support/store-rows.ts';

export function registerMaintenanceTests(name: string, makeStore: StoreFactory): void {
  registerMetaTests(name, makeStore);
  registerChangeTests(name, makeStore);

  describe(`${name}: the store`, () => {
    it('counts its tiers, keys and consumers up to a cap', async (t) => {
      const { store } = await useStore(t, makeStore);
      assert.deepEqual(await store.poolSizes(10), { tiers: 0, keys: 0, consumers: 0 });
      await addTier(store, { a: [] });
      await addTier(store, { a: [] }, 'other');
      await addKeys(store, 'tier', same(12));
      await store.createConsumer(consumerOf(), eventOf('CreateConsumer'));
      assert.deepEqual(await store.poolSizes(10), { tiers: 2, keys: 10, consumers: 1 });
      assert.deepEqual(await store.poolSizes(100), { tiers: 2, keys: 12, consumers: 1 });
    });

    it('tells what it is and that it is reachable, without a credential', async (t) => {
      const { store } = await useStore(t, makeStore);
      const status = await store.status();
      assert.equal(status.reachable, true);
      assert.ok(status.schemaVersion >= 1);
      assert.match(status.detail, /\S/);
      assert.doesNotMatch(status.detail, /@|\n/);
      assert.equal(status.clockJump, null);
    });

    it('knows the time of its rows', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      await addKey(store, 'tier');
      const before = store.now();
      const result = await drawOne(store, [tier], 'a');
      assert.ok(result.kind === 'drawn' && Math.abs(result.at - before) < 1000);
    });

    it('takes expired keys out of their queues, so many at a time', async (t) => {
      const { store, waitUntil } = await useStore(t, makeStore);
      await addTier(store, { a: [], b: [] });
      await addKey(store, 'tier', { expireAt: store.now() + 3_600_000 });
      assert.equal(await store.parkExpiredKeys(10), 0);
      const keys = await store.createKeys('tier', (tier, freshRank, now) => ({
        keys: [1, 2, 3].map(() => keyOf(tier, freshRank(), now, { expireAt: now + 200 })),
        events: [],
      }));
      await waitUntil(store, (keys[0]?.expireAt ?? 0) + 50);
      assert.equal(await store.parkExpiredKeys(2), 2);
      assert.equal(await store.parkExpiredKeys(10), 1);
      assert.equal(await store.parkExpiredKeys(10), 0);
      const all = await store.listKeys({}, { after: null, limit: 10 });
      assert.deepEqual(
        all.items.map(({ ready }) => Object.keys(ready).length),
        [2, 0, 0, 0],
      );
    });

    it('can be closed twice', async (t) => {
      const { store } = await useStore(t, makeStore);
      await store.close();
      await store.close();
    });
  });
}

function registerMetaTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a small named text`, () => {
    it('is kept once: whoever comes second gets the first', async (t) => {
      const { store, open } = await useStore(t, makeStore);
      assert.equal(await store.keepMeta('canary.1', 'first'), 'first');
      assert.equal(await store.keepMeta('canary.1', 'second'), 'first');
      await store.close();
      assert.equal(await (await open()).keepMeta('canary.1', 'third'), 'first');
    });

    it('is the same for all who keep it at the same time', async (t) => {
      const { store } = await useStore(t, makeStore);
      const kept = await Promise.all(
        ['a', 'b', 'c', 'd'].map((value) => store.keepMeta('fingerprint', value)),
      );
      assert.equal(new Set(kept).size, 1);
    });

    it('is listed by how its name begins, whatever characters that has', async (t) => {
      const { store } = await useStore(t, makeStore);
      for (const key of ['canary.1', 'canary.2', 'canaryX3', 'other', 'can%.1'])
        await store.keepMeta(key, `of ${key}`);
      assert.deepEqual(
        new Map([...(await store.listMeta('canary.'))].sort()),
        new Map([
          ['canary.1', 'of canary.1'],
          ['canary.2', 'of canary.2'],
        ]),
      );
      assert.deepEqual([...(await store.listMeta('can%')).keys()], ['can%.1']);
    });
  });
}

async function changesOf(store: Store, what: () => Promise<unknown>): Promise<Change[]> {
  const changes: Change[] = [];
  const undo = store.onChange((change) => changes.push(change));
  await what();
  undo();
  return changes;
}

function registerChangeTests(name: string, makeStore: StoreFactory): void {
  const announces = (changes: readonly Change[], kind: 'tier' | 'consumer', id: string) =>
    changes.some((change) => change.kind === 'all' || (change.kind === kind && change.id === id));

  describe(`${name}: a change`, () => {
    it('of a tier or a consumer is announced before its promise resolves', async (t) => {
      const { store } = await useStore(t, makeStore);
      const consumer = consumerOf();
      const tierChanges = [
        () => addTier(store, { a: [] }),
        () => editFeatures(store, 'tier', []),
        () => store.deleteTier('tier', () => eventOf('DeleteTier')),
      ];
      const event = eventOf('UpdateConsumer');
      const consumerChanges = [
        () => store.createConsumer(consumer, event),
        () => store.editConsumer(consumer.id, (row) => ({ row: { ...row, name: 'x' }, event: eventOf('U') })),
        () => store.deleteConsumer(consumer.id, () => eventOf('D')),
      ];
      for (const change of tierChanges) assert.ok(announces(await changesOf(store, change), 'tier', 'tier'));
      for (const change of consumerChanges)
        assert.ok(announces(await changesOf(store, change), 'consumer', consumer.id));
    });

    it('of a key is none for caches, and after the undo nothing is announced', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      const key = await addKey(store, 'tier');
      const changes = await changesOf(store, () => editKey(store, key.id, () => ({ name: 'x' })));
      assert.ok(changes.every(({ kind }) => kind === 'freed'));
      const late: Change[] = [];
      store.onChange((change) => late.push(change))();
      await editFeatures(store, 'tier', []);
      assert.deepEqual(late, []);
    });

    it('reaches the other stores on the same data', async (t) => {
      const { store, openMany } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      await store.close();
      const stores = await openMany(2);
      const heard = stores.map(() => [] as Change[]);
      for (const [i, other] of stores.entries()) other.onChange((change) => heard[i]?.push(change));
      await editFeatures(stores[0] ?? assert.fail('one is open'), 'tier', []);
      for (const changes of heard)
        await eventually('the change is heard', () => (announces(changes, 'tier', 'tier') ? true : null));
    });
  });
}
