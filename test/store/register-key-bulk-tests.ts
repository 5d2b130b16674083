import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WELL } from '../../src/model/key.ts';
import type { Store } from '../../src/store/port.ts';
import { listAll } from '../support/listing.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKeys, addTier, editKey, eventOf, same } from '../support/store-rows.ts';

const FAILING = { ...WELL, failures: { timeout: 2 } };

const ids = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id);

export function registerKeyBulkTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: keys looked through`, () => {
    it('come in the order of creation, either way, by tier and state, without their values', async (t) => {
      const { store } = await useStore(t, makeStore);
      for (const tier of ['tier', 'other']) await addTier(store, { a: [] }, tier);
      const here = await addKeys(store, 'tier', [...same(3), ...same(2, { state: 'disabled' })]);
      const there = await addKeys(store, 'other', same(2));
      const all = [...here, ...there];
      const scan = async (filter: Parameters<Store['scanKeys']>[0], descending: boolean) => {
        const found: string[] = [];
        for (;;) {
          const from = { after: found.at(-1) ?? null, descending, limit: 2 };
          const some = await store.scanKeys(filter, from);
          found.push(...ids(some));
          if (some.length < 2) return found;
        }
      };
      assert.deepEqual(await scan({}, false), ids(all));
      assert.deepEqual(await scan({}, true), ids(all).toReversed());
      assert.deepEqual(await scan({ tierId: 'tier', state: 'disabled' }, false), ids(here.slice(3)));
      assert.deepEqual(await scan({ tierId: 'none' }, false), []);
      const [first] = await store.scanKeys({}, { after: null, descending: false, limit: 1 });
      assert.deepEqual([first?.tierId, first?.state, first?.budgets], ['tier', 'active', []]);
      assert.equal('value' in (first ?? {}), false);
      const found = await store.readKeys([...ids(all.slice(2, 4)), 'gone']);
      assert.deepEqual(
        found.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
        all.slice(2, 4),
      );
    });

    it('are found by what their health says, as long as it says it', async (t) => {
      const { store } = await useStore(t, makeStore);
      for (const tier of ['tier', 'other']) await addTier(store, { a: [] }, tier);
      const keys = await addKeys(store, 'tier', [...same(3), ...same(3, { health: FAILING })]);
      const [there] = await addKeys(store, 'other', same(1, { health: FAILING, state: 'quarantined' }));
      const unwell = async (filter: Parameters<Store['listUnwellKeys']>[0]) =>
        ids(await listAll((page) => store.listUnwellKeys(filter, page), 2)).sort();
      assert.deepEqual(await unwell({}), [...ids(keys.slice(3)), there?.id ?? ''].sort());
      assert.deepEqual(await unwell({ state: 'quarantined' }), [there?.id]);
      const [well, , , failing] = ids(keys);
      await editKey(store, failing ?? '', () => ({ health: WELL }));
      await editKey(store, well ?? '', () => ({ health: { ...WELL, cooling: { '*': 9e12 } } }));
      assert.deepEqual(await unwell({ tierId: 'tier' }), [well, ...ids(keys.slice(4))].sort());
      await store.deleteKey(well ?? '', () => eventOf('DeleteKey'));
      assert.deepEqual(await unwell({ tierId: 'tier' }), ids(keys.slice(4)));
    });

    it('are known by their fingerprints within a tier', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      await addKeys(store, 'tier', [{ fingerprint: 'one' }, { fingerprint: 'two' }]);
      const taken = (tier: string) => store.takenFingerprints(tier, ['two', 'three']);
      assert.deepEqual(await taken('tier'), new Set(['two']));
      assert.deepEqual(await taken('none'), new Set());
    });
  });
}
