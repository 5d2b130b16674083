import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Budget } from '../../src/model/budget.ts';
import { drawMany, drawn, drawOne, kinds } from '../support/drawing.ts';
import { budgetOf } from '../support/key-state.ts';
import { keyNow } from '../support/reporting.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addTier } from '../support/store-rows.ts';

const DAY_MS = 86_400_000;
/** The longest guard of a period. */
const GUARD_MAX_MS = 1000;

function inPeriods(limit: number, periods: Budget['periods']): Budget {
  return { ...budgetOf(limit), periods };
}

export function registerPeriodTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a budget of the calendar`, () => {
    it('ends with its day in its time zone, and says when it goes on', async (t) => {
      const { store, waitUntil } = await useStore(t, makeStore);
      // Right after midnight nothing is granted.
      if (store.now() % DAY_MS <= GUARD_MAX_MS) await waitUntil(store, store.now() + GUARD_MAX_MS + 1);
      const tier = await addTier(store, { a: [] });
      const day = { kind: 'calendar', unit: 'day', timeZone: 'UTC' } as const;
      const key = await addKey(store, 'tier', { budgets: [inPeriods(3, day)] });
      const results = await drawMany(store, [tier], 'a', 5);
      assert.deepEqual(kinds(results), { drawn: 3, exhausted: 2 });
      const midnight = (Math.floor((drawn(results)[0]?.at ?? 0) / DAY_MS) + 1) * DAY_MS;
      const refused = await drawOne(store, [tier], 'a');
      assert.ok(refused.kind === 'exhausted');
      assert.ok(refused.nextAt >= midnight && refused.nextAt <= midnight + GUARD_MAX_MS);
      const [budget] = (await keyNow(store, key)).budgets;
      assert.deepEqual([budget?.used, budget?.periods], [3, day]);
    });
  });

  describe(`${name}: a budget with a start date and a period`, () => {
    it('grants nothing before its start, and as much in each of its periods', async (t) => {
      const { store, waitUntil, windowMs } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const startAt = store.now() + 1500;
      await addKey(store, 'tier', {
        budgets: [inPeriods(3, { kind: 'anchored', startAt, periodMs: windowMs })],
      });
      const early = await drawOne(store, [tier], 'a');
      assert.ok(early.kind === 'exhausted' && early.nextAt >= startAt);
      await waitUntil(store, early.nextAt + 20);
      const first = await drawMany(store, [tier], 'a', 5);
      assert.deepEqual(kinds(first), { drawn: 3, exhausted: 2 });
      const refused = await drawOne(store, [tier], 'a');
      assert.ok(refused.kind === 'exhausted' && refused.nextAt >= startAt + windowMs);
      await waitUntil(store, refused.nextAt + 20);
      const second = drawn(await drawMany(store, [tier], 'a', 5));
      assert.equal(second.length, 3);
      assert.ok(second.every(({ at }) => at >= startAt + windowMs));
    });
  });
}
