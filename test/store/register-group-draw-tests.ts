import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guardMs, type Tier } from '../../src/model/tier.ts';
import type { Drawn, DrawRequest, Store } from '../../src/store/port.ts';
import {
  drawInRounds,
  drawMany,
  drawn,
  drawOf,
  drawOne,
  kinds,
  mustDraw,
  perKey,
} from '../support/drawing.ts';
import { eventually } from '../support/eventually.ts';
import { budgetOf } from '../support/key-state.ts';
import { limitOf } from '../support/meter-run.ts';
import { addGroup, editGroup, groupNow, member } from '../support/quota-groups.ts';
import { keyNow, mustReport, reportOf } from '../support/reporting.ts';
import { type OpenedStore, type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addKeys, addTier, editKey, eventOf, same } from '../support/store-rows.ts';

const HOUR_MS = 3_600_000;

/** Draws `count` times, for the features in turn, from several stores at the same time. */
async function drawEverywhere(
  { store, openMany }: OpenedStore,
  tiers: readonly Tier[],
  features: readonly string[],
  count: number,
): Promise<{ readonly served: Drawn[]; readonly other: Store }> {
  await store.close();
  const stores = await openMany(2);
  const draws: DrawRequest[] = Array.from({ length: count }, (_, i) =>
    drawOf(tiers, features[i % features.length] ?? 'a'),
  );
  const results = await drawInRounds(stores, draws, 16);
  const other = stores[0] ?? assert.fail('one is open');
  return { served: drawn(results), other };
}

/** The units that the group's budget counts, as soon as they are so many: what was not drawn goes back. */
function untilUsed(store: Store, used: number): Promise<true> {
  return eventually(`the group has counted ${used}`, async () => {
    await store.recoverOpenTakes(100);
    return (await groupNow(store)).budgets[0]?.used === used ? true : null;
  });
}

export function registerGroupDrawTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: keys of a quota group`, () => {
    it('share its budget to the last unit, whatever is drawn from which store', async (t) => {
      const opened = await useStore(t, makeStore);
      const { store } = opened;
      const tier = await addTier(store, { a: [], b: [] });
      await addGroup(store, { budgets: [budgetOf(50), budgetOf(60, HOUR_MS)] });
      const keys = await addKeys(store, 'tier', same(4, member()));
      const { served, other } = await drawEverywhere(opened, [tier], ['a', 'b'], 130);
      assert.equal(served.length, 50);
      assert.deepEqual(
        (await groupNow(other)).budgets.map(({ used }) => used),
        [50, 50],
      );
      // Stores that do not know of each other yet begin with the same keys.
      assert.ok([...perKey(served, keys).values()].filter((count) => count > 0).length >= 2);
    });

    it('share its rate limits, over features and tiers', async (t) => {
      const opened = await useStore(t, makeStore);
      const { store } = opened;
      const tiers = [await addTier(store, { a: [], b: [] }), await addTier(store, { a: [] }, 'other')];
      await addGroup(store, { limits: [limitOf('sliding', 30, HOUR_MS), limitOf('fixed', 500, HOUR_MS)] });
      await addKeys(store, 'tier', same(2, member()));
      await addKeys(store, 'other', same(2, member()));
      const { served } = await drawEverywhere(opened, tiers, ['a', 'b'], 90);
      assert.equal(served.length, 30);
    });

    it('keep their own limits too, and what these leave is there for the others', async (t) => {
      const opened = await useStore(t, makeStore);
      const { store } = opened;
      const tier = await addTier(store, { a: [] });
      await addGroup(store, { budgets: [budgetOf(100)] });
      const keys = await addKeys(store, 'tier', same(3, { ...member(), budgets: [budgetOf(7)] }));
      const free = await addKey(store, 'tier', { budgets: [budgetOf(5)] });
      const { served, other } = await drawEverywhere(opened, [tier], ['a'], 60);
      assert.deepEqual([...perKey(served, [...keys, free]).values()], [7, 7, 7, 5]);
      await untilUsed(other, 21);
    });

    it('count units, and pass over a draw that is larger than what is left', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      await addGroup(store, { budgets: [budgetOf(10, HOUR_MS)] });
      await addKeys(store, 'tier', same(2, member()));
      const large = await drawMany(store, [tier], 'a', 4, { units: 4 });
      assert.equal(drawn(large).length, 2);
      assert.equal(drawn(await drawMany(store, [tier], 'a', 5)).length, 2);
      assert.equal((await drawOne(store, [tier], 'a')).kind, 'exhausted');
    });

    it('take its rate units anew for a retry that comes later than its guard', async (t) => {
      const { store, waitUntil } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      await addGroup(store, { limits: [limitOf('sliding', 3, HOUR_MS, 20)] });
      await addKey(store, 'tier', member());
      const retry = { idempotency: { key: 'r1', fingerprint: 'fields' } };
      const first = await mustDraw(store, [tier], 'a', retry);
      await waitUntil(store, first.at + 100);
      const again = await mustDraw(store, [tier], 'a', retry);
      assert.equal(again.drawId, first.drawId);
      assert.deepEqual(kinds(await drawMany(store, [tier], 'a', 5)), { drawn: 1, exhausted: 4 });
    });

    it('leave within its guard', async (t) => {
      const monotonicMs = () => performance.now();
      const { store } = await useStore(t, makeStore, { clock: { nowMs: () => Date.now(), monotonicMs } });
      const tier = await addTier(store, { a: [limitOf('sliding', 9, HOUR_MS, 60_000)] });
      await addGroup(store, { limits: [limitOf('sliding', 9, HOUR_MS, 4000)] });
      await addKey(store, 'tier', member());
      const before = monotonicMs();
      const { leaveBy } = await mustDraw(store, [tier], 'a');
      assert.ok(leaveBy > before && leaveBy <= monotonicMs() + 2000);
    });
  });

  registerSpentGroupTests(name, makeStore);
  registerChangingGroupTests(name, makeStore);
}

function registerSpentGroupTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a quota group without units`, () => {
    it('parks all its keys until it has some again', async (t) => {
      const { store, waitUntil, windowMs } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [], b: [] });
      const limit = limitOf('sliding', 3, windowMs);
      await addGroup(store, { limits: [limit] });
      const keys = await addKeys(store, 'tier', same(3, member()));
      const [first] = drawn(await drawMany(store, [tier], 'a', 9));
      const nextAt = (first?.at ?? assert.fail('three were served')) + windowMs + guardMs(limit);
      for (const feature of ['a', 'b']) {
        const refused = await drawOne(store, [tier], feature);
        assert.ok(refused.kind === 'exhausted' && refused.nextAt >= nextAt);
      }
      for (const key of keys) {
        const { ready, due } = await keyNow(store, key);
        assert.deepEqual([ready, Object.keys(due).length], [{}, 2]);
      }
      await waitUntil(store, nextAt + 50);
      const again = await drawMany(store, [tier], 'b', 9);
      assert.deepEqual(kinds(again), { drawn: 3, exhausted: 6 });
      assert.ok(drawn(again).every(({ at }) => at >= nextAt));
    });

    it('leaves keys that are in no group, or another, to be drawn', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      await addGroup(store, { budgets: [budgetOf(2, HOUR_MS)] });
      await addGroup(store, { id: 'other', budgets: [budgetOf(3, HOUR_MS)] });
      await addKeys(store, 'tier', same(3, member()));
      await addKeys(store, 'tier', same(2, member('other')));
      await addKey(store, 'tier', { budgets: [budgetOf(4)] });
      assert.deepEqual(kinds(await drawMany(store, [tier], 'a', 20)), { drawn: 9, exhausted: 11 });
    });

    it('has its keys drawn at once when it is raised', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      await addGroup(store, { budgets: [budgetOf(2)] });
      await addKeys(store, 'tier', same(3, member()));
      assert.equal(drawn(await drawMany(store, [tier], 'a', 9)).length, 2);
      await editGroup(store, 'account', ({ budgets }) => ({
        budgets: budgets.map((budget) => ({ ...budget, limit: 6 })),
      }));
      assert.equal(drawn(await drawMany(store, [tier], 'a', 9)).length, 4);
      assert.equal((await groupNow(store)).budgets[0]?.used, 6);
    });

    it('has its keys drawn at once when a report gives units back', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      await addGroup(store, { budgets: [budgetOf(10, HOUR_MS)], limits: [limitOf('sliding', 10, HOUR_MS)] });
      await addKeys(store, 'tier', same(2, member()));
      const draw = await mustDraw(store, [tier], 'a', { units: 10 });
      assert.equal((await drawOne(store, [tier], 'a')).kind, 'exhausted');
      await mustReport(store, draw, 'ok', { units: 7 });
      assert.equal(drawn(await drawMany(store, [tier], 'a', 9)).length, 3);
      await mustReport(store, await mustReportable(store, tier), 'ok', { units: 9 });
      assert.equal((await groupNow(store)).budgets[0]?.used, 19);
      assert.equal((await drawOne(store, [tier], 'a')).kind, 'exhausted');
    });

    it('gets all of them back, however many are reported together, in whatever order', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      await addGroup(store, { budgets: [budgetOf(1000)] });
      const key = await addKey(store, 'tier', { ...member(), budgets: [budgetOf(1000)] });
      const draws = drawn(await drawMany(store, [tier], 'a', 150, { units: 2 }));
      const latestFirst = draws.toSorted((a, b) => (a.drawId < b.drawId ? 1 : -1));
      await store.reportRound(latestFirst.map((draw) => reportOf(draw, 'ok', { units: 1 })));
      await eventually('all are settled in both rows', async () => {
        await store.applyReports(1000);
        const [ofKey, ofGroup] = [await keyNow(store, key), await groupNow(store)];
        return (ofKey.budgets[0]?.used === 150 && ofGroup.budgets[0]?.used === 150) || null;
      });
    });

    it('give back to no group that they came to after the draw', async (t) => {
      const { store, waitUntil } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      await addGroup(store, { budgets: [budgetOf(100)] });
      await addGroup(store, { id: 'other', budgets: [budgetOf(100)] });
      const stays = await addKey(store, 'tier', member('other'));
      await mustDraw(store, [tier], 'a', { units: 20 });
      await editKey(store, stays.id, () => ({ state: 'disabled' }));
      const goes = await addKey(store, 'tier', member());
      const draw = await mustDraw(store, [tier], 'a', { units: 10 });
      await editKey(store, goes.id, () => member('other'));
      await mustReport(store, draw, 'ok', { units: 0 });
      assert.equal((await groupNow(store, 'other')).budgets[0]?.used, 20);
      await waitUntil(store, draw.at + 2);
      await mustReport(store, await mustDraw(store, [tier], 'a', { units: 5 }), 'ok', { units: 1 });
      assert.equal((await groupNow(store, 'other')).budgets[0]?.used, 21);
    });
  });
}

/** A draw of one unit, for which the group is given one more. */
async function mustReportable(store: Store, tier: Tier): Promise<Drawn> {
  const more = 11;
  await editGroup(store, 'account', ({ budgets, limits }) => ({
    budgets: budgets.map((budget) => ({ ...budget, limit: more })),
    limits: limits.map((limit) => ({ ...limit, limit: more })),
  }));
  return mustDraw(store, [tier], 'a');
}

function registerChangingGroupTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: the keys of a quota group`, () => {
    it('may change: who leaves is bound no more, who joins is', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      await addGroup(store, { budgets: [budgetOf(4, HOUR_MS)] });
      const [stays, leaves] = await addKeys(store, 'tier', same(2, member()));
      const joins = await addKey(store, 'tier', { state: 'disabled' });
      assert.ok(stays && leaves);
      assert.equal(drawn(await drawMany(store, [tier], 'a', 9)).length, 4);
      await editKey(store, leaves.id, () => member(null));
      const free = drawn(await drawMany(store, [tier], 'a', 5));
      assert.ok(free.length === 5 && free.every(({ keyId }) => keyId === leaves.id));
      await editKey(store, leaves.id, () => ({ state: 'disabled' }));
      await editKey(store, joins.id, () => ({ ...member(), state: 'active' }));
      assert.equal((await drawOne(store, [tier], 'a')).kind, 'exhausted');
      assert.equal((await groupNow(store)).budgets[0]?.used, 4);
    });

    it('are not drawn beyond it while they join and leave under load', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      await addGroup(store, { budgets: [budgetOf(1000)] });
      const keys = await addKeys(store, 'tier', same(2, member()));
      const draws = Array.from({ length: 12 }, () => drawMany(store, [tier], 'a', 20));
      for (const key of keys) await editKey(store, key.id, () => member(null));
      for (const key of keys) await editKey(store, key.id, () => member());
      const served = (await Promise.all(draws)).flatMap(drawn).length;
      const { budgets } = await groupNow(store);
      assert.ok((budgets[0]?.used ?? 0) <= served + 40, `${budgets[0]?.used} of ${served}`);
      for (const key of keys) await store.deleteKey(key.id, () => eventOf('DeleteKey'));
      await store.deleteGroup('account', () => eventOf('DeleteQuotaGroup'));
    });
  });
}
