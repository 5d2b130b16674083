import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page, PageRequest, Store } from '../../src/store/port.ts';
import { drawMany } from '../support/drawing.ts';
import { listAll, usageEventsOnce } from '../support/listing.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKeys, addTier, consumerOf, eventOf, same } from '../support/store-rows.ts';

type List = (page: PageRequest) => Promise<Page<{ readonly id: string }>>;

const LISTS: Readonly<Record<string, (store: Store) => List>> = {
  tiers: (store) => (page) => store.listTiers(page),
  keys: (store) => (page) => store.listKeys({}, page),
  consumers: (store) => (page) => store.listConsumers({}, page),
  'usage events': (store) => (page) => store.listUsageEvents({}, page),
  'admin events': (store) => (page) => store.listAdminEvents({}, page),
};

/** Seven of everything. */
async function fill(store: Store): Promise<void> {
  for (let i = 0; i < 7; i++) await addTier(store, { a: [] }, `tier-${i}`);
  const tier = (await store.getTier('tier-0')) ?? assert.fail('it was created');
  await addKeys(store, tier.id, same(7));
  for (let i = 0; i < 7; i++)
    await store.createConsumer(consumerOf(), eventOf('CreateConsumer', { resourceType: 'consumer' }));
  await drawMany(store, [tier], 'a', 7);
  await usageEventsOnce(store, 7);
}

export function registerPagingTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: every list`, () => {
    it('gives each row once whatever the size of its pages, and says when it is at its end', async (t) => {
      const { store } = await useStore(t, makeStore);
      await fill(store);
      for (const [what, listOf] of Object.entries(LISTS)) {
        const list = listOf(store);
        const whole = await list({ after: null, limit: 1000 });
        assert.equal(whole.next, null, what);
        assert.equal(new Set(whole.items.map(({ id }) => id)).size, what === 'admin events' ? 14 : 7, what);
        for (const limit of [1, 2, 3, 7]) assert.deepEqual(await listAll(list, limit), whole.items, what);
        const exactly = await list({ after: null, limit: whole.items.length });
        assert.equal(exactly.next, null, `${what}: a full last page`);
      }
    });

    it('goes on after the last row it gave, though that is gone and others came', async (t) => {
      const { store } = await useStore(t, makeStore);
      for (const id of ['b', 'd', 'f']) await addTier(store, { a: [] }, id);
      const first = await store.listTiers({ after: null, limit: 2 });
      await store.deleteTier('d', () => eventOf('DeleteTier'));
      for (const id of ['a', 'e']) await addTier(store, { a: [] }, id);
      const rest = await store.listTiers({ after: first.next, limit: 1000 });
      assert.deepEqual(
        [...first.items, ...rest.items].map(({ id }) => id),
        ['b', 'd', 'e', 'f'],
      );
    });

    it('refuses a position that is none of its own', async (t) => {
      const { store } = await useStore(t, makeStore);
      await fill(store);
      for (const [what, listOf] of Object.entries(LISTS))
        for (const after of ['', 'nonsense', '{}', '\u0000', 'W10', 'x'.repeat(5000)])
          await assert.rejects(
            listOf(store)({ after, limit: 10 }),
            { name: 'StoreError', kind: 'not-found' },
            `${what} after ${JSON.stringify(after.slice(0, 10))}`,
          );
    });
  });
}
