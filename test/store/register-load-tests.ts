import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { DrawEvent } from '../../src/model/audit.ts';
import type { Key } from '../../src/model/key.ts';
import type { Tier } from '../../src/model/tier.ts';
import type { DrawResult, Store } from '../../src/store/port.ts';
import { drawInRounds, drawn, drawOf, kinds } from '../support/drawing.ts';
import { budgetOf } from '../support/key-state.ts';
import { usageEventsOnce } from '../support/listing.ts';
import { fullestWindow, limitOf } from '../support/meter-run.ts';
import { type OpenedStore, type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKeys, addTier, editKey } from '../support/store-rows.ts';

const LIFETIME = 60;

/** What some consumers want at about the same time, and what an admin does to some key meanwhile. */
const bursts = fc.array(
  fc.record({
    draws: fc.array(
      fc.record({
        feature: fc.constantFrom('a', 'b', 'c'),
        units: fc.constantFrom(1, 1, 1, 2, 5),
        tiers: fc.subarray([0, 1], { minLength: 1 }),
      }),
      { minLength: 1, maxLength: 40 },
    ),
    gapMs: fc.integer({ min: 0, max: 60 }),
    toggles: fc.option(fc.nat(7), { freq: 3 }),
  }),
  { minLength: 15, maxLength: 15 },
);

type Bursts = typeof bursts extends fc.Arbitrary<infer T> ? T : never;

/** Two tiers with limits of short windows, and eight keys, half of which have a lifetime budget. */
async function scene(store: Store): Promise<{ tiers: Tier[]; keys: Key[] }> {
  const tiers = [
    await addTier(store, { a: [limitOf('sliding', 4, 200)], b: [limitOf('sliding', 50, 300)] }, 'tier-0'),
    await addTier(
      store,
      { a: [limitOf('sliding', 6, 150), limitOf('sliding', 9, 500)], b: [], c: [limitOf('fixed', 5, 400)] },
      'tier-1',
    ),
  ];
  const parts = [0, 1, 2, 3].map((i) => ({ budgets: i % 2 === 0 ? [budgetOf(LIFETIME)] : [] }));
  const keys = [...(await addKeys(store, 'tier-0', parts)), ...(await addKeys(store, 'tier-1', parts))];
  return { tiers, keys };
}

/** Sends the bursts through all stores, while keys are disabled and enabled and time goes on. */
async function send(
  opened: OpenedStore,
  stores: readonly Store[],
  load: Bursts,
  tiers: readonly Tier[],
  keys: readonly Key[],
): Promise<DrawResult[]> {
  const [store] = stores;
  assert.ok(store);
  const results: DrawResult[] = [];
  for (const { draws, gapMs, toggles } of load) {
    const requests = draws.flatMap(({ feature, units, tiers: picked }) => {
      const draw = drawOf(
        tiers.filter((_, i) => picked.includes(i)),
        feature,
        { units },
      );
      return draw.queues.length > 0 ? [draw] : [];
    });
    const key = toggles === null ? undefined : keys[toggles];
    const toggle = (state: Key['state']) =>
      key === undefined ? undefined : editKey(store, key.id, () => ({ state }));
    const [burst] = await Promise.all([drawInRounds(stores, requests, 8), toggle('disabled')]);
    results.push(...burst);
    await toggle('active');
    await opened.waitUntil(store, store.now() + gapMs);
  }
  return results;
}

function assertLimits(events: readonly DrawEvent[], tiers: readonly Tier[]): void {
  for (const tier of tiers)
    for (const { name, limits } of tier.features) {
      const mine = events.filter(({ tierId, feature }) => tierId === tier.id && feature === name);
      for (const [keyId, ofKey] of Map.groupBy(mine, (event) => event.keyId))
        for (const { limit, windowMs, algorithm } of limits) {
          const fullest = fullestWindow(
            ofKey.map(({ at, units }) => ({ at, n: units })),
            windowMs,
          );
          const max = algorithm === 'sliding' ? limit : 2 * limit;
          assert.ok(fullest <= max, `${fullest} of ${max} in ${windowMs} ms: ${keyId} ${name}`);
        }
    }
}

async function assertBudgets(
  store: Store,
  events: readonly DrawEvent[],
  keys: readonly Key[],
): Promise<void> {
  const byKey = Map.groupBy(events, ({ keyId }) => keyId);
  for (const { id } of keys) {
    const key = await store.getKey(id);
    const units = (byKey.get(id) ?? []).reduce((sum, event) => sum + event.units, 0);
    for (const budget of key?.budgets ?? []) {
      assert.equal(budget.used, units);
      assert.ok(units <= LIFETIME);
    }
  }
}

export function registerLoadTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: under a mixed load of all stores on the same data`, () => {
    it('no limit is passed in any trailing window, budgets are exact, and each draw has its row', async (t) => {
      const opened = await useStore(t, makeStore);
      await opened.store.close();
      const property = async (load: Bursts) => {
        const run = await useStore(t, makeStore);
        const { tiers, keys } = await scene(run.store);
        await run.store.close();
        const stores = await run.openMany(2);
        const results = await send(run, stores, load, tiers, keys);
        const [store] = stores;
        assert.ok(store && !('unavailable' in kinds(results)) && !('stale' in kinds(results)));
        const served = drawn(results);
        const events = await usageEventsOnce(store, served.length);
        assert.deepEqual(events.map(({ id }) => id).sort(), served.map(({ drawId }) => drawId).sort());
        assertLimits(events, tiers);
        await assertBudgets(store, events, keys);
      };
      await fc.assert(fc.asyncProperty(bursts, property), { numRuns: 3, endOnFailure: true });
    });
  });
}
