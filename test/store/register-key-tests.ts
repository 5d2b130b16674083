import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drawOne } from '../support/drawing.ts';
import { budgetOf } from '../support/key-state.ts';
import { listAll } from '../support/listing.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addKeys, addTier, editKey, eventOf, keyOf, same } from '../support/store-rows.ts';

const exists = { name: 'StoreError', kind: 'exists' };
const missing = { name: 'StoreError', kind: 'not-found' };

export function registerKeyTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a key`, () => {
    it('is read as it was created', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [], b: [] });
      const key = await addKey(store, 'tier', {
        name: 'a.b $c "d" ünïcode',
        value: 'enc:gcm:0011:payload',
        secrets: { 'SAS.token': 'x$y', $dollar: 'z' },
        metadata: { 'region.name': 'eu', $where: '1' },
        budgets: [budgetOf(2 ** 53 - 1), budgetOf(10, 60_000, 1)],
        expireAt: 9e12,
      });
      assert.deepEqual(await store.getKey(key.id), key);
      assert.deepEqual(Object.keys(key.ready).sort(), ['tier|a', 'tier|b']);
      assert.equal(await store.getKey('other'), null);
    });

    it('is made with all the others of its batch, or none is', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      await addKey(store, 'tier', { fingerprint: 'taken' });
      await assert.rejects(addKeys(store, 'tier', [...same(3), { fingerprint: 'taken' }]), exists);
      await assert.rejects(addKeys(store, 'tier', same(2, { fingerprint: 'twice' })), exists);
      assert.equal((await listAll((page) => store.listKeys({}, page))).length, 1);
    });

    it('may have the value of a key in another tier, and of one that was deleted', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      await addTier(store, { a: [] }, 'other');
      const key = await addKey(store, 'tier', { fingerprint: 'same' });
      await addKey(store, 'other', { fingerprint: 'same' });
      await store.deleteKey(key.id, () => eventOf('DeleteKey'));
      await addKey(store, 'tier', { fingerprint: 'same' });
    });

    it('needs its tier', async (t) => {
      const { store } = await useStore(t, makeStore);
      await assert.rejects(addKey(store, 'tier'), missing);
    });
  });

  registerKeyOrderTests(name, makeStore);

  registerKeyEditTests(name, makeStore);
}

function registerKeyOrderTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a key`, () => {
    it('stands after all that were made before it, where none was drawn', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      const keys = [...(await addKeys(store, 'tier', same(3))), ...(await addKeys(store, 'tier', same(3)))];
      const ranks = keys.map(({ freshRank }) => freshRank);
      assert.deepEqual(
        ranks,
        ranks.toSorted((a, b) => a - b),
      );
      assert.equal(new Set(ranks).size, 6);
    });

    it('is listed in the order of creation by tier and state, in pages that miss and repeat none', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      await addTier(store, { a: [] }, 'other');
      const here = await addKeys(store, 'tier', [...same(3), ...same(2, { state: 'disabled' }), ...same(2)]);
      const there = await addKeys(store, 'other', same(2, { state: 'disabled' }));
      const ids = (keys: readonly { readonly id: string }[]) => keys.map(({ id }) => id);
      for (const limit of [1, 3, 1000]) {
        const list = async (filter: Parameters<typeof store.listKeys>[0]) =>
          ids(await listAll((page) => store.listKeys(filter, page), limit));
        assert.deepEqual(await list({}), ids([...here, ...there]));
        assert.deepEqual(await list({ tierId: 'tier' }), ids(here));
        assert.deepEqual(await list({ state: 'disabled' }), ids([...here.slice(3, 5), ...there]));
        assert.deepEqual(await list({ tierId: 'other', state: 'active' }), []);
      }
    });
  });
}

function registerKeyEditTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a key`, () => {
    it('is edited as the callback says, which sees it as it stands with its tier', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const key = await addKey(store, 'tier');
      const edited = await store.editKey(key.id, (before, itsTier, now) => {
        assert.deepEqual([before, itsTier], [key, tier]);
        assert.ok(Math.abs(now - store.now()) < 5000);
        const row = { ...before, name: 'new', metadata: { plan: 'pro' }, version: 2 };
        return { row, event: eventOf('UpdateKey') };
      });
      assert.deepEqual(edited, { ...key, name: 'new', metadata: { plan: 'pro' }, version: 2 });
      assert.deepEqual(await store.getKey(key.id), edited);
    });

    it('keeps what draws have counted while it is edited', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const key = await addKey(store, 'tier', { budgets: [budgetOf(1000)] });
      const edits = Array.from({ length: 10 }, () =>
        editKey(store, key.id, (row) => ({ name: `${row.name}.` })),
      );
      const draws = Array.from({ length: 30 }, () => drawOne(store, [tier], 'a'));
      const served = (await Promise.all(draws)).filter(({ kind }) => kind === 'drawn');
      await Promise.all(edits);
      const after = await store.getKey(key.id);
      assert.deepEqual([served.length, after?.budgets[0]?.used, after?.version], [30, 30, 11]);
    });

    it('cannot take the value of another in its tier', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      await addKey(store, 'tier', { fingerprint: 'taken' });
      const key = await addKey(store, 'tier');
      await assert.rejects(
        editKey(store, key.id, () => ({ fingerprint: 'taken' })),
        exists,
      );
      assert.deepEqual(await store.getKey(key.id), key);
    });

    it('that is not there can be neither edited nor deleted', async (t) => {
      const { store } = await useStore(t, makeStore);
      const key = keyOf(await addTier(store, { a: [] }), 1, 1);
      await assert.rejects(
        editKey(store, key.id, () => ({})),
        missing,
      );
      await assert.rejects(
        store.deleteKey(key.id, () => eventOf('DeleteKey')),
        missing,
      );
    });

    it('that is deleted is drawn no more', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const key = await addKey(store, 'tier');
      await store.deleteKey(key.id, (row) => eventOf('DeleteKey', { resourceId: row.id }));
      assert.equal(await store.getKey(key.id), null);
      assert.equal((await drawOne(store, [tier], 'a')).kind, 'empty');
    });
  });
}
