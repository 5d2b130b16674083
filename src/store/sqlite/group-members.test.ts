import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drawMany, drawOne, kinds, mustDraw, queuesOf } from '../../../test/support/drawing.ts';
import { budgetOf } from '../../../test/support/key-state.ts';
import { limitOf } from '../../../test/support/meter-run.ts';
import { addGroup, editGroup, member } from '../../../test/support/quota-groups.ts';
import { keyNow, mustReport } from '../../../test/support/reporting.ts';
import { sqliteHarness } from '../../../test/support/sqlite-harness.ts';
import { useStore } from '../../../test/support/store-harness.ts';
import { addKey, addKeys, addTier, same } from '../../../test/support/store-rows.ts';
import type { Change, Store } from '../port.ts';

const HOUR_MS = 3_600_000;

function freedBy(store: Store): string[] {
  const tiers: string[] = [];
  store.onChange((change: Change) => {
    if (change.kind === 'freed') tiers.push(change.tierId);
  });
  return tiers;
}

describe('SQLite: the keys of a quota group', () => {
  it('leave their queue also where they are more than one take parks, and all come back', async (t) => {
    const { store, waitUntil } = await useStore(t, sqliteHarness);
    const tier = await addTier(store, { a: [] });
    await addGroup(store, { limits: [limitOf('sliding', 5, HOUR_MS)] });
    await addKeys(store, 'tier', same(1300, member()));
    assert.deepEqual(kinds(await drawMany(store, [tier], 'a', 10)), { drawn: 5, exhausted: 5 });
    const refused = await drawOne(store, [tier], 'a');
    assert.ok(refused.kind === 'exhausted');
    const queues = queuesOf([tier], 'a');
    assert.equal((await store.availability(queues, 2000)).available, 0);
    await waitUntil(store, refused.nextAt);
    assert.equal((await store.availability(queues, 2000)).available, 1300);
    assert.deepEqual(kinds(await drawMany(store, [tier], 'a', 10)), { drawn: 5, exhausted: 5 });
  });

  it('come back in all their tiers, and that is told, with an edit or a report that gives it units', async (t) => {
    const { store } = await useStore(t, sqliteHarness);
    const tiers = [await addTier(store, { a: [] }), await addTier(store, { a: [] }, 'other')];
    await addGroup(store, { budgets: [budgetOf(2)] });
    for (const { id } of tiers) await addKeys(store, id, same(2, member()));
    const draw = await mustDraw(store, tiers, 'a', { units: 2 });
    assert.equal((await drawOne(store, tiers, 'a')).kind, 'empty');
    const freed = freedBy(store);
    await mustReport(store, draw, 'ok', { units: 1 });
    assert.deepEqual(freed.splice(0).sort(), ['other', 'tier']);
    await mustDraw(store, tiers, 'a');
    await editGroup(store, 'account', () => ({ description: 'x' }));
    assert.deepEqual(freed, []);
    await editGroup(store, 'account', () => ({ budgets: [{ ...budgetOf(3), used: 2 }] }));
    assert.deepEqual(freed.sort(), ['other', 'tier']);
    await mustDraw(store, tiers, 'a');
  });

  it('wait from the first on when they join a group that has no unit', async (t) => {
    const { store } = await useStore(t, sqliteHarness);
    const tier = await addTier(store, { a: [] });
    await addGroup(store, { budgets: [budgetOf(1, HOUR_MS)] });
    await addKey(store, 'tier', member());
    await mustDraw(store, [tier], 'a');
    const late = await addKey(store, 'tier', member());
    const { ready, due } = await keyNow(store, late);
    assert.deepEqual([ready, Object.keys(due)], [{}, ['tier|a']]);
    assert.equal((await store.availability(queuesOf([tier], 'a'), 10)).available, 0);
  });
});
