import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OwnerCredits } from '../../src/model/credit.ts';
import type { Change, Edit, Store } from '../../src/store/port.ts';
import { eventually } from '../support/eventually.ts';
import { listAll } from '../support/listing.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { eventOf } from '../support/store-rows.ts';

function set(owner: string, creditsPerMinute: number): () => Edit<OwnerCredits | null> {
  const row = { owner, creditsPerMinute, updatedAt: 1_700_000_000_000 };
  const event = eventOf('SetOwnerCredits', { resourceType: 'owner_credits', resourceId: owner });
  return () => ({ row, event });
}

const remove = (owner: string) => (): Edit<OwnerCredits | null> => ({
  row: null,
  event: eventOf('DeleteOwnerCredits', { resourceType: 'owner_credits', resourceId: owner }),
});

async function owners(store: Store, limit = 1000): Promise<(string | number)[][]> {
  const rows = await listAll(store.listOwnerCredits, limit);
  return rows.map(({ owner, creditsPerMinute }) => [owner, creditsPerMinute]);
}

export function registerOwnerCreditTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: an owner's pool of credits`, () => {
    it('is set, changed, listed by owner, and removed, each with an admin event', async (t) => {
      const { store } = await useStore(t, makeStore);
      for (const [owner, credits] of [
        ['team c', 3],
        ['team a', 1],
        ['team b', 2],
      ] as const)
        await store.editOwnerCredits(owner, set(owner, credits));
      await store.editOwnerCredits('team b', set('team b', 20));
      assert.deepEqual(await owners(store, 2), [
        ['team a', 1],
        ['team b', 20],
        ['team c', 3],
      ]);
      assert.equal((await store.getOwnerCredits('team b'))?.creditsPerMinute, 20);
      assert.equal(await store.editOwnerCredits('team a', remove('team a')), null);
      assert.equal(await store.getOwnerCredits('team a'), null);
      const events = await listAll((page) => store.listAdminEvents({ resourceType: 'owner_credits' }, page));
      assert.equal(events.length, 5);
    });

    it('is left alone by an edit that changes nothing or throws', async (t) => {
      const { store } = await useStore(t, makeStore);
      await store.editOwnerCredits('team', set('team', 5));
      const seen: (OwnerCredits | null)[] = [];
      await store.editOwnerCredits('team', (row) => {
        seen.push(row);
        return { row, event: null };
      });
      await assert.rejects(
        store.editOwnerCredits('team', () => {
          throw new RangeError('no');
        }),
        RangeError,
      );
      assert.equal(seen[0]?.creditsPerMinute, 5);
      assert.deepEqual(await owners(store), [['team', 5]]);
    });

    it('is announced when it changes', async (t) => {
      const { store } = await useStore(t, makeStore);
      const told: Change[] = [];
      store.onChange((change) => told.push(change));
      await store.editOwnerCredits('team', set('team', 5));
      const isTold = () => told.some((change) => change.kind === 'owner' && change.id === 'team') || null;
      await eventually('the change was told', isTold);
    });
  });

  describe(`${name}: the processes on one store`, () => {
    it('are counted', async (t) => {
      const harness = await makeStore();
      t.after(harness.close);
      const stores = await harness.openMany(3);
      const counts: number[] = [];
      for (const store of stores) counts.push(await store.noteProcess());
      assert.deepEqual(
        counts,
        stores.map((_, i) => i + 1),
      );
      assert.equal(await stores[0]?.noteProcess(), stores.length);
    });
  });
}
