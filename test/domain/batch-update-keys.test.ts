import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type BatchUpdateKeysInput, batchUpdateKeys } from '../../src/domain/batch-update-keys.ts';
import { createKey } from '../../src/domain/create-key.ts';
import { WELL } from '../../src/model/key.ts';
import { editKey } from '../support/store-rows.ts';
import { newKey, newTier } from './examples.ts';
import { draw, openPool } from './open-pool.ts';
import { refused, refusedFields } from './refusals.ts';

async function openTwoTiers(t: TestContext) {
  const pool = await openPool(t, {
    tiers: [newTier(), newTier({ id: 'other' })],
    keys: [newKey(), newKey(), newKey()],
  });
  const update = (input: Partial<BatchUpdateKeysInput>) =>
    batchUpdateKeys(pool.context, pool.root, {
      keys: { ids: pool.keyIds },
      changes: {},
      tierId: null,
      ...input,
    });
  return { ...pool, update };
}

describe('many keys at once', () => {
  it('are disabled and enabled, each with its admin event, and what is so already without', async (t) => {
    const { context, update, keyIds, caller } = await openTwoTiers(t);
    const changes = { state: 'disabled', stateReason: 'maintenance' } as const;
    const { results, next } = await update({ changes });
    assert.deepEqual(
      results.map(({ id, key }) => [id, key?.state, key?.stateReason]),
      keyIds.map((id) => [id, 'disabled', 'maintenance']),
    );
    assert.equal(next, null);
    await refused(draw(context, caller), 'POOL_EMPTY');
    await update({ changes });
    const { items } = await context.store.listAdminEvents({}, { after: null, limit: 1000 });
    assert.equal(items.filter(({ action }) => action === 'BatchUpdateKeys').length, 3);
    await update({ changes: { state: 'active' } });
    assert.equal((await draw(context, caller)).units, 1);
  });

  it('come out of quarantine well', async (t) => {
    const { context, update, keyIds } = await openTwoTiers(t);
    const [id = ''] = keyIds;
    const health = { ...WELL, failures: { unauthorized: 1 }, quarantinedAt: 1 };
    await editKey(context.store, id, () => ({ state: 'quarantined', stateReason: 'refused', health }));
    const { results } = await update({ changes: { state: 'active' } });
    assert.deepEqual([results[0]?.key?.state, results[0]?.key?.stateReason], ['active', '']);
    assert.deepEqual((await context.store.getKey(id))?.health.failures, {});
  });

  it('move to another tier with what they have counted; one that cannot says why, and the others go', async (t) => {
    const { context, root, update, keyIds, caller } = await openTwoTiers(t);
    const value = 'upstream-value-in-both';
    const twin = await createKey(context, root, { tierId: 'basic', key: newKey({ value }) });
    await createKey(context, root, { tierId: 'other', key: newKey({ value, state: 'disabled' }) });
    const { drawId } = await draw(context, caller);
    const { results } = await update({ keys: { ids: [...keyIds, twin.id, 'gone'] }, tierId: 'other' });
    assert.deepEqual(
      results.map(({ key, error }) => key?.tierId ?? error?.reason),
      ['other', 'other', 'other', 'KEY_EXISTS', 'KEY_NOT_FOUND'],
    );
    assert.notEqual(drawId, '');
    const drawn = await draw(context, caller, { tierId: 'other' });
    assert.ok(keyIds.includes(drawn.keyId));
    assert.doesNotMatch(JSON.stringify(results), /upstream-value/);
  });

  it('of a tier are taken a thousand with each call', async (t) => {
    const { context, update, keyIds } = await openTwoTiers(t);
    const filter = { tierId: 'basic', state: 'active' } as const;
    const { results, next } = await update({ keys: { filter, after: null }, tierId: 'other' });
    assert.deepEqual([results.length, next], [keyIds.length, null]);
    const after = keyIds[0] ?? '';
    const rest = await update({
      keys: { filter: { tierId: 'other' }, after },
      changes: { state: 'disabled' },
    });
    assert.deepEqual(
      rest.results.map(({ id }) => id),
      keyIds.slice(1),
    );
    assert.equal((await context.store.getKey(after))?.state, 'active');
  });

  it('leave draws their turn after every four', async (t) => {
    const keys = Array.from({ length: 24 }, () => newKey());
    const { context, root, keyIds: ids } = await openPool(t, { tiers: [newTier()], keys });
    let turns = 0;
    let timer = setImmediate(function turn() {
      turns += 1;
      timer = setImmediate(turn);
    });
    t.after(() => clearImmediate(timer));
    await batchUpdateKeys(context, root, { keys: { ids }, changes: { state: 'disabled' }, tierId: null });
    assert.ok(turns >= 6, `${turns} turns`);
  });

  it('are refused as a whole when it is not clear what is meant', async (t) => {
    const { update } = await openTwoTiers(t);
    assert.deepEqual(await refusedFields(update({})), ['state']);
    assert.deepEqual(await refusedFields(update({ keys: { ids: [] }, tierId: 'other' })), ['ids']);
    assert.deepEqual(await refusedFields(update({ keys: { ids: ['a', 'a'] }, tierId: 'other' })), ['ids']);
    const changes = { state: 'active', stateReason: 'x'.repeat(501) } as const;
    assert.deepEqual(await refusedFields(update({ changes })), ['stateReason']);
    await refused(update({ tierId: 'none' }), 'TIER_NOT_FOUND');
    await refused(
      update({ keys: { filter: { tierId: 'none' }, after: null }, tierId: 'other' }),
      'TIER_NOT_FOUND',
    );
  });
});
