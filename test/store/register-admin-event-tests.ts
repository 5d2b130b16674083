import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AdminEvent } from '../../src/model/audit.ts';
import type { AdminEventFilter, Store } from '../../src/store/port.ts';
import { tierOf } from '../support/key-state.ts';
import { listAll } from '../support/listing.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addTier, consumerOf, eventOf, keyOf } from '../support/store-rows.ts';

function actions(store: Store, filter: AdminEventFilter = {}, limit = 1000): Promise<string[]> {
  return listAll((page) => store.listAdminEvents(filter, page), limit).then((events) =>
    events.map(({ action }) => action),
  );
}

const refusal = new Error('refused by the callback');

function refuse(): never {
  throw refusal;
}

export function registerAdminEventTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: an admin event`, () => {
    it('is read as it was written', async (t) => {
      const { store } = await useStore(t, makeStore);
      const event: AdminEvent = eventOf('CreateTier', {
        actor: { kind: 'consumer', id: 'c1', name: 'Ada $x.y' },
        changes: [
          { field: 'features.a', before: null, after: '{"limits":[]}' },
          { field: 'value', before: '"(changed)"', after: null },
        ],
      });
      await store.createTier(tierOf({ a: [] }), event);
      assert.deepEqual((await store.listAdminEvents({}, { after: null, limit: 10 })).items, [event]);
    });

    it('is written with every change of tiers, keys and consumers, the newest listed first', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      await store.createKeys('tier', (tier, rank, now) => ({
        keys: [keyOf(tier, rank(), now, { id: 'k1' }), keyOf(tier, rank(), now)],
        events: [eventOf('CreateKey'), eventOf('CreateKey')],
      }));
      const consumer = consumerOf();
      await store.createConsumer(consumer, eventOf('CreateConsumer'));
      await store.editTier('tier', (row) => ({ row, event: eventOf('UpdateTier') }));
      await store.editKey('k1', (row) => ({ row, event: eventOf('UpdateKey') }));
      await store.editConsumer(consumer.id, (row) => ({ row, event: eventOf('UpdateConsumer') }));
      await store.deleteKey('k1', () => eventOf('DeleteKey'));
      await store.deleteConsumer(consumer.id, () => eventOf('DeleteConsumer'));
      const changes = ['DeleteConsumer', 'DeleteKey', 'UpdateConsumer', 'UpdateKey', 'UpdateTier'];
      const all = [...changes, 'CreateConsumer', 'CreateKey', 'CreateKey', 'CreateTier'];
      for (const limit of [1, 3, 1000]) assert.deepEqual(await actions(store, {}, limit), all);
    });
  });

  registerUnwrittenTests(name, makeStore);
}

function registerUnwrittenTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: an admin event`, () => {
    it('is not written where its change is refused, by the store or by the callback', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const key = await addKey(store, 'tier', { fingerprint: 'taken' });
      const consumer = consumerOf();
      await store.createConsumer(consumer, eventOf('CreateConsumer'));
      const before = await actions(store);
      await assert.rejects(addTier(store, { b: [] }));
      await assert.rejects(store.createKeys('tier', refuse), refusal);
      await assert.rejects(addKey(store, 'tier', { fingerprint: 'taken' }));
      await assert.rejects(store.editTier('tier', refuse), refusal);
      await assert.rejects(store.editKey(key.id, refuse), refusal);
      await assert.rejects(store.editConsumer(consumer.id, refuse), refusal);
      await assert.rejects(store.deleteTier('tier', () => eventOf('DeleteTier')));
      await assert.rejects(store.deleteKey(key.id, refuse), refusal);
      await assert.rejects(store.deleteConsumer(consumer.id, refuse), refusal);
      assert.deepEqual(await actions(store), before);
      assert.deepEqual(
        [await store.getTier('tier'), await store.getKey(key.id), await store.getConsumer(consumer.id)],
        [tier, key, consumer],
      );
    });

    it('is not written where nothing changed', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const key = await addKey(store, 'tier');
      assert.deepEqual(await store.editTier('tier', (row) => ({ row, event: null })), tier);
      assert.deepEqual(await store.editKey(key.id, (row) => ({ row, event: null })), key);
      assert.deepEqual(await actions(store), ['CreateTier']);
    });

    it('is found by what was changed, who did it, and when', async (t) => {
      const { store } = await useStore(t, makeStore);
      const ada = { kind: 'consumer' as const, id: 'c-ada', name: 'Ada' };
      const made: Partial<AdminEvent>[] = [
        { resourceType: 'tier', resourceId: 't0', at: 1000 },
        { resourceType: 'tier', resourceId: 't1', at: 2000, actor: ada },
        { resourceType: 'key', resourceId: 't1', at: 3000 },
        { resourceType: 'key', resourceId: 'k3', at: 4000, actor: ada },
      ];
      for (const [i, parts] of made.entries())
        await store.createTier(tierOf({ a: [] }, `t${i}`), eventOf(`e${i}`, parts));
      for (const limit of [1, 1000]) {
        assert.deepEqual(await actions(store, { resourceType: 'tier' }, limit), ['e1', 'e0']);
        assert.deepEqual(await actions(store, { resourceType: 'key', resourceId: 't1' }, limit), ['e2']);
        assert.deepEqual(await actions(store, { actor: 'c-ada' }, limit), ['e3', 'e1']);
        assert.deepEqual(await actions(store, { actor: 'root' }, limit), ['e2', 'e0']);
        assert.deepEqual(await actions(store, { startAt: 2000, endAt: 4000 }, limit), ['e2', 'e1']);
        assert.deepEqual(await actions(store, { actor: 'root', startAt: 2000 }, limit), ['e2']);
      }
    });
  });
}
