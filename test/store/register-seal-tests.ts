import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Change, SealedKey } from '../../src/store/port.ts';
import { drawMany, drawn, mustDraw } from '../support/drawing.ts';
import { listAll } from '../support/listing.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addKeys, addTier, editKey, eventOf } from '../support/store-rows.ts';

const anew = (from: SealedKey) => ({ from, to: { value: `new ${from.value}`, secrets: from.secrets } });

export function registerSealTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: what is sealed`, () => {
    it('is listed key by key, in pages', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      const secrets = { 'x.y $z': 's1', b: 's2' };
      const keys = await addKeys(store, 'tier', [{ value: 'v1', secrets }, { value: 'v2' }, { value: 'v3' }]);
      const sealed = keys.map(({ id, tierId, value, secrets }) => ({ id, tierId, value, secrets }));
      for (const limit of [1, 2, 1000]) assert.deepEqual(await listAll(store.listSealedKeys, limit), sealed);
    });

    it('is replaced where it still stands, and nothing else of the key changes', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const changes: Change[] = [];
      store.onChange((change) => changes.push(change));
      const kept = await addKey(store, 'tier', { value: 'v1', secrets: { 'x.y $z': 's1', b: 's2' } });
      const edited = await addKey(store, 'tier', { value: 'v2' });
      const from = await listAll(store.listSealedKeys);
      await editKey(store, edited.id, () => ({ value: 'v3' }));
      const to = { value: 'w1', secrets: { 'x.y $z': 't1', b: 't2' } };
      const wanted = from.map((key) => ({ from: key, to }));
      assert.equal(await store.resealKeys(wanted), 1);
      assert.deepEqual(await store.getKey(kept.id), { ...kept, ...to });
      assert.equal((await store.getKey(edited.id))?.value, 'v3');
      assert.equal(await store.resealKeys(wanted), 0);
      assert.equal(await store.resealKeys([]), 0);
      const drawnValues = drawn(await drawMany(store, [tier], 'a', 2)).map(({ value }) => value);
      assert.deepEqual(new Set(drawnValues), new Set(['w1', 'v3']));
      assert.deepEqual(
        changes.filter((change) => change.kind !== 'freed'),
        [],
      );
    });

    it('is drawn all the while, as it was or as it is', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      await addKeys(
        store,
        'tier',
        Array.from({ length: 40 }, (_, i) => ({ value: `v${i}` })),
      );
      await mustDraw(store, [tier], 'a');
      const draws = Promise.all(Array.from({ length: 20 }, () => drawMany(store, [tier], 'a', 8)));
      const all = await listAll(store.listSealedKeys);
      for (let i = 0; i < all.length; i += 5)
        assert.equal(await store.resealKeys(all.slice(i, i + 5).map(anew)), 5);
      const values = drawn((await draws).flat()).map(({ value }) => value);
      assert.equal(values.length, 160);
      for (const value of values) assert.match(value, /^(?:new )?v\d+$/);
      const after = drawn(await drawMany(store, [tier], 'a', 40)).map(({ value }) => value);
      for (const value of after) assert.match(value, /^new v\d+$/);
    });

    it('is found by what it begins with, in values and secrets', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      await addKey(store, 'tier', { value: 'tag:1:x', secrets: { a: 'tag:2:x', b: 'zzz', c: '000' } });
      for (const [prefix, found] of [
        ['tag:1:', true],
        ['tag:2:', true],
        ['tag:3:', false],
        ['ag:1:', false],
        ['tag:1:y', false],
      ] as const)
        assert.deepEqual(await store.findSealed(prefix, '', 10), { isFound: found, next: null }, prefix);
    });

    it('is looked for among so many keys at a time, to the last', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      assert.deepEqual(await store.findSealed('x', '', 10), { isFound: false, next: null });
      const keys = await addKeys(store, 'tier', [{ value: 'a' }, { value: 'b' }, { value: 'c' }]);
      const second = keys[1]?.id ?? '';
      assert.deepEqual(await store.findSealed('c', '', 2), { isFound: false, next: second });
      assert.deepEqual(await store.findSealed('c', second, 2), { isFound: true, next: null });
      assert.deepEqual(await store.findSealed('a', second, 2), { isFound: false, next: null });
    });

    it('may be a text with a name, which is replaced or deleted as long as it is that one', async (t) => {
      const { store } = await useStore(t, makeStore);
      await store.keepMeta('name', 'one');
      assert.equal(await store.resealMeta('name', 'other', 'two'), false);
      assert.equal(await store.resealMeta('none', 'one', 'two'), false);
      assert.equal(await store.resealMeta('name', 'one', 'two'), true);
      assert.equal(await store.deleteMeta('name', 'one'), false);
      assert.deepEqual([...(await store.listMeta('name'))], [['name', 'two']]);
      assert.equal(await store.deleteMeta('name', 'two'), true);
      assert.deepEqual([...(await store.listMeta('name'))], []);
    });

    it('is resealed on record', async (t) => {
      const { store } = await useStore(t, makeStore);
      const event = eventOf('ResealKeys', { resourceType: 'sealing_key', resourceId: 'abcd' });
      await store.noteAdminEvent(event);
      const { items } = await store.listAdminEvents({ resourceId: 'abcd' }, { after: null, limit: 10 });
      assert.deepEqual(items, [event]);
    });
  });
}
