import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { QuotaGroup } from '../../src/model/quota-group.ts';
import { StoreError } from '../../src/store/errors.ts';
import type { Store } from '../../src/store/port.ts';
import { listAll } from '../support/listing.ts';
import { limitOf } from '../support/meter-run.ts';
import { addGroup, editGroup, groupNow, groupOf, member } from '../support/quota-groups.ts';
import { keyNow } from '../support/reporting.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addKeys, addTier, editKey, eventOf, same } from '../support/store-rows.ts';

const HOUR_MS = 3_600_000;

function rejects(work: Promise<unknown>, kind: StoreError['kind']) {
  return assert.rejects(work, (error: unknown) => error instanceof StoreError && error.kind === kind);
}

function remove(store: Store, id: string): Promise<void> {
  return store.deleteGroup(id, (group) => eventOf('DeleteQuotaGroup', { resourceId: group.id }));
}

async function actions(store: Store): Promise<string[]> {
  const events = await listAll((page) => store.listAdminEvents({}, page));
  return events.map(({ action }) => action).toReversed();
}

export function registerQuotaGroupTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a quota group`, () => {
    it('is kept as it was created, once per id', async (t) => {
      const { store } = await useStore(t, makeStore);
      const parts: Partial<QuotaGroup> = {
        description: 'one account',
        limits: [limitOf('sliding', 5, HOUR_MS, 250), limitOf('fixed', 9, 2 * HOUR_MS)],
        budgets: [
          {
            limit: 7,
            windowMs: null,
            periods: { kind: 'calendar', unit: 'month', timeZone: 'Europe/Berlin' },
            used: 3,
            startAt: null,
            epoch: 2,
            countsFrom: 5,
          },
        ],
      };
      const group = await addGroup(store, parts);
      assert.deepEqual(await store.getGroup('account'), group);
      await rejects(addGroup(store), 'exists');
      assert.equal(await store.getGroup('other'), null);
      assert.deepEqual(await actions(store), ['CreateQuotaGroup']);
    });

    it('is listed by id, in pages', async (t) => {
      const { store } = await useStore(t, makeStore);
      for (const id of ['b', 'a-2', 'a_1', 'c', 'a-1']) await addGroup(store, { id });
      const ids = ['b', 'a-2', 'a_1', 'c', 'a-1'].sort();
      for (const limit of [1, 2, 5, 9]) {
        const groups = await listAll((page) => store.listGroups(page), limit);
        assert.deepEqual(
          groups.map(({ id }) => id),
          ids,
        );
      }
      await rejects(store.listGroups({ after: 'nonsense', limit: 5 }), 'not-found');
    });

    it('is edited as it stands, and left alone where nothing changes', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addGroup(store, { budgets: [] });
      const edited = await editGroup(store, 'account', () => ({ description: 'x' }));
      assert.deepEqual([edited.description, edited.version], ['x', 2]);
      assert.deepEqual(await groupNow(store), edited);
      await store.editGroup('account', (group) => ({ row: { ...group, description: 'y' }, event: null }));
      assert.deepEqual(await groupNow(store), edited);
      const refused = new Error('no');
      await assert.rejects(
        store.editGroup('account', () => {
          throw refused;
        }),
        refused,
      );
      await rejects(
        editGroup(store, 'other', () => ({})),
        'not-found',
      );
      assert.deepEqual(await actions(store), ['CreateQuotaGroup', 'UpdateQuotaGroup']);
    });

    it('is deleted when it has no keys', async (t) => {
      const { store } = await useStore(t, makeStore);
      await rejects(remove(store, 'account'), 'not-found');
      await addGroup(store);
      await addTier(store, { a: [] });
      const [one, two, three] = await addKeys(store, 'tier', same(3, member()));
      assert.ok(one && two && three);
      await rejects(remove(store, 'account'), 'not-empty');
      await store.deleteKey(one.id, () => eventOf('DeleteKey'));
      await editKey(store, two.id, () => member(null));
      await rejects(remove(store, 'account'), 'not-empty');
      await addGroup(store, { id: 'other' });
      await editKey(store, three.id, () => member('other'));
      await remove(store, 'account');
      assert.equal(await store.getGroup('account'), null);
      await rejects(remove(store, 'other'), 'not-empty');
      assert.equal((await actions(store)).at(-1), 'DeleteQuotaGroup');
    });
  });

  registerMemberTests(name, makeStore);
}

function registerMemberTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a key that names a quota group`, () => {
    it('keeps it', async (t) => {
      const { store, open } = await useStore(t, makeStore);
      await addGroup(store);
      await addTier(store, { a: [] });
      const key = await addKey(store, 'tier', member());
      assert.equal((await keyNow(store, key)).traits.groupId, 'account');
      await store.close();
      assert.equal((await keyNow(await open(), key)).traits.groupId, 'account');
    });

    it('names one that there is: else nothing is written, and the error says what is missing', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addGroup(store);
      await addTier(store, { a: [] });
      await rejects(addKeys(store, 'tier', [member(), member('none')]), 'no-group');
      assert.equal((await store.poolSizes(10)).keys, 0);
      const key = await addKey(store, 'tier');
      await rejects(
        editKey(store, key.id, () => ({ ...member('none'), name: 'x' })),
        'no-group',
      );
      assert.equal((await keyNow(store, key)).name, key.name);
      await rejects(
        editKey(store, 'nobody', () => member()),
        'not-found',
      );
      await rejects(addKeys(store, 'none', [member()]), 'not-found');
      await rejects(remove(store, 'none'), 'not-found');
      assert.deepEqual(groupOf('account'), await groupNow(store));
    });

    it('is in it before or after the group is deleted, never in one that is gone', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      for (let i = 0; i < 8; i++) {
        const id = `account-${i}`;
        await addGroup(store, { id });
        const results = await Promise.allSettled([addKey(store, 'tier', member(id)), remove(store, id)]);
        const isThere = (await store.getGroup(id)) !== null;
        assert.deepEqual(
          results.map(({ status }) => status),
          isThere ? ['fulfilled', 'rejected'] : ['rejected', 'fulfilled'],
        );
      }
    });
  });
}
