import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Change, Store } from '../../src/store/port.ts';
import { mustDraw } from '../support/drawing.ts';
import { eventually } from '../support/eventually.ts';
import { addTierWith, mustReport } from '../support/reporting.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addTier, editKey } from '../support/store-rows.ts';

/** The tiers of which a store said that keys of theirs came free, since it was asked last. */
function freedOf(store: Store): () => readonly string[] {
  let freed: string[] = [];
  store.onChange((change: Change) => {
    if (change.kind === 'freed') freed.push(change.tierId);
  });
  return () => {
    const told = freed;
    freed = [];
    return told;
  };
}

export function registerFreedTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: keys that come free before their time`, () => {
    it('are told of at once: new ones, edited ones, and not such as an edit left as they were', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      const freed = freedOf(store);
      const key = await addKey(store, 'tier');
      assert.deepEqual(freed(), ['tier']);
      await editKey(store, key.id, () => ({ state: 'disabled' }));
      assert.deepEqual(freed(), ['tier']);
      await store.editKey(key.id, (row) => ({ row, event: null }));
      assert.deepEqual(freed(), []);
    });

    it('are told of to the other processes, and once to one’s own', async (t) => {
      const { store, openMany } = await useStore(t, makeStore);
      await store.close();
      const [one, other = one] = await openMany(2);
      assert.ok(one && other);
      await addTier(one, { a: [] });
      const [own, told] = [freedOf(one), freedOf(other)];
      await addKey(one, 'tier');
      await eventually('the other process hears of it', () => (told().includes('tier') ? true : null));
      if (other !== one) assert.deepEqual(own(), ['tier']);
    });

    it('are told of when a report ends a draw’s time in flight', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTierWith(store, { settleTimeoutMs: 60_000, maxInFlight: 1 });
      await addKey(store, 'tier');
      const draw = await mustDraw(store, [tier], 'a');
      const freed = freedOf(store);
      await mustReport(store, draw);
      await eventually('it is told', () => (freed().includes('tier') ? true : null));
    });

    it('are told of when a draw is withheld that was in flight', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTierWith(store, { settleTimeoutMs: 60_000, maxInFlight: 1 });
      await addKey(store, 'tier');
      const draw = await mustDraw(store, [tier], 'a');
      const freed = freedOf(store);
      await store.withhold([draw.drawId]);
      assert.deepEqual(freed(), ['tier']);
    });
  });
}
