import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Key } from '../../src/model/key.ts';
import type { QuotaGroup } from '../../src/model/quota-group.ts';
import { collectionsOf } from '../../src/store/mongodb/collections.ts';
import { confirmEmpty } from '../../src/store/mongodb/empty-queues.ts';
import { drawOne, mustDraw, queuesOf } from '../support/drawing.ts';
import { budgetOf } from '../support/key-state.ts';
import { useStoreAndDatabase } from '../support/mongodb-database.ts';
import { addGroup, member } from '../support/quota-groups.ts';
import { addKey, addKeys, addTier, same } from '../support/store-rows.ts';

const MINUTE = { limit: 1, windowMs: 60_000, algorithm: 'sliding', guardMs: null } as const;

/** A pool of one key, and what is said of a draw of so many units that a round found no key for. */
async function scene(t: TestContext, key: Partial<Key> = {}, group: Partial<QuotaGroup> | null = null) {
  const { store, db } = await useStoreAndDatabase(t);
  if (group !== null) await addGroup(store, group);
  const tiers = [await addTier(store, { a: [], rated: [MINUTE] })];
  await addKey(store, 'tier', key);
  const rows = collectionsOf(db);
  const confirmed = async (feature: string, units: number) => {
    const group = { feature, units, queues: queuesOf(tiers, feature), affinity: null, size: 1, waiting: [0] };
    return (await confirmEmpty(rows, [group], new Map([[0, { kind: 'empty' }]]))).get(0)?.kind;
  };
  return { store, tiers, confirmed };
}

describe('a round that found no key', () => {
  it('looks again when one stood ready, or was parked, at one moment', async (t) => {
    const { store, tiers, confirmed } = await scene(t);
    assert.equal(await confirmed('a', 1), 'again');
    assert.equal(await confirmed('a', 100), 'again');
    await mustDraw(store, tiers, 'rated');
    assert.equal(await confirmed('rated', 1), 'again');
  });

  it('believes that there is none when budgets for life are spent, or have too little left', async (t) => {
    const { store, tiers, confirmed } = await scene(t, { budgets: [budgetOf(2)] });
    assert.equal(await confirmed('a', 2), 'again');
    assert.equal(await confirmed('a', 3), 'empty');
    for (let draws = 0; draws < 2; draws += 1) await mustDraw(store, tiers, 'a');
    assert.equal(await confirmed('rated', 2), 'empty', 'its limit is 1');
    await t.waitFor(async () => assert.equal(await confirmed('a', 1), 'empty'), { timeout: 20_000 });
  });

  for (const [what, group] of [
    ['a limit below it', { limits: [{ ...MINUTE, limit: 4 }] }],
    ['too little left for life', { budgets: [budgetOf(9), budgetOf(4)] }],
    ['too little in any window', { budgets: [budgetOf(4, 60_000)] }],
  ] as const)
    it(`believes that there is none when the key’s quota group has ${what}`, async (t) => {
      const { store, tiers, confirmed } = await scene(t, member(), group);
      assert.equal(await confirmed('a', 4), 'again');
      assert.equal(await confirmed('a', 5), 'empty');
      assert.equal((await drawOne(store, tiers, 'a', { units: 5 })).kind, 'empty');
      await mustDraw(store, tiers, 'a', { units: 4 });
    });

  it('looks past many keys of a quota group that never has as many', async (t) => {
    const { store, confirmed } = await scene(t, member(), { limits: [{ ...MINUTE, limit: 4 }] });
    await addKeys(store, 'tier', same(20, member()));
    assert.equal(await confirmed('a', 5), 'empty');
    await addKey(store, 'tier');
    assert.equal(await confirmed('a', 5), 'again');
  });
});
