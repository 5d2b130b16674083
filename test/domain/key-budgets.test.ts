import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createKey } from '../../src/domain/create-key.ts';
import { createQuotaGroup } from '../../src/domain/create-quota-group.ts';
import { createTier } from '../../src/domain/create-tier.ts';
import { drawKey } from '../../src/domain/draw-key.ts';
import { getKey } from '../../src/domain/get-key.ts';
import type { BudgetInput } from '../../src/domain/key-fields.ts';
import { reportOutcome } from '../../src/domain/report-outcomes.ts';
import { resetKeyUsage } from '../../src/domain/reset-key-usage.ts';
import { updateKey } from '../../src/domain/update-key.ts';
import { limitOf, MINUTE_MS, newKey, newTier } from './examples.ts';
import { openDomain } from './open-domain.ts';
import { refused, refusedFields } from './refusals.ts';

const HOUR_MS = 60 * MINUTE_MS;

/** One key with these budgets under no rate limit, and what is done with it. */
async function openKey(t: TestContext, budgets: readonly BudgetInput[]) {
  const { context, root, clock } = await openDomain(t);
  await createTier(context, root, newTier({ features: [{ name: 'scrape', limits: [] }] }));
  const { id } = await createKey(context, root, { tierId: 'basic', key: newKey({ budgets }) });
  return {
    context,
    root,
    clock,
    id,
    draw: (units = 1) => drawKey(context, root, { feature: 'scrape', units, tierId: null, requestId: null }),
    get: () => getKey(context, root, { id }),
    setBudgets: (wanted: readonly BudgetInput[]) =>
      updateKey(context, root, { id, etag: null, changes: { budgets: wanted } }),
    used: async () => (await getKey(context, root, { id })).budgets.map(({ used }) => used),
  };
}

describe('the budgets of a key', () => {
  it('count what is drawn, and end the key when one is spent', async (t) => {
    const key = await openKey(t, [
      { limit: 10, windowMs: HOUR_MS },
      { limit: 5, windowMs: null },
    ]);
    await key.draw(5);
    assert.deepEqual(await key.used(), [5, 5]);
    assert.equal((await key.get()).condition, 'exhausted');
    await refused(key.draw(), 'POOL_EMPTY');
  });

  it('say when they are back, and are then', async (t) => {
    const key = await openKey(t, [{ limit: 2, windowMs: HOUR_MS }]);
    await key.draw(2);
    const spent = await key.get();
    assert.equal(spent.condition, 'exhausted');
    assert.equal(spent.availableAt, spent.budgets[0]?.resetAt);
    key.clock.advance((spent.availableAt ?? 0) - key.context.store.now());
    const back = await key.get();
    assert.deepEqual([back.condition, back.budgets[0]?.used, back.budgets[0]?.resetAt], ['ready', 0, null]);
    await key.draw(2);
  });

  it('keep what is used when their limit changes, and bring the key back when it is raised', async (t) => {
    const key = await openKey(t, [{ limit: 5, windowMs: null }]);
    await key.draw(5);
    const raised = await key.setBudgets([{ limit: 7, windowMs: null }]);
    assert.deepEqual([raised.condition, raised.budgets[0]?.used], ['ready', 5]);
    await key.draw(2);
    await refused(key.draw(), 'POOL_EMPTY');
    const lowered = await key.setBudgets([{ limit: 1, windowMs: null }]);
    assert.deepEqual([lowered.condition, lowered.budgets[0]?.used], ['exhausted', 7]);
  });

  it('start anew when their window changes, each under an epoch of its own', async (t) => {
    const key = await openKey(t, [{ limit: 5, windowMs: null }]);
    await key.draw(3);
    await key.setBudgets([
      { limit: 5, windowMs: HOUR_MS },
      { limit: 5, windowMs: null },
    ]);
    assert.deepEqual(await key.used(), [0, 3]);
    await key.setBudgets([{ limit: 5, windowMs: HOUR_MS }]);
    await key.setBudgets([{ limit: 5, windowMs: null }]);
    assert.deepEqual(await key.used(), [0]);
    const row = await key.context.store.getKey(key.id);
    assert.deepEqual([row?.epoch, row?.budgets[0]?.epoch], [3, 3]);
  });

  it('are all unused after a reset, in new epochs, while rate limits still count', async (t) => {
    const { context, root } = await openDomain(t);
    const features = [{ name: 'scrape', limits: [limitOf({ limit: 3 })] }];
    await createTier(context, root, newTier({ features }));
    const budgets = [{ limit: 2, windowMs: null }];
    const { id, etag } = await createKey(context, root, { tierId: 'basic', key: newKey({ budgets }) });
    const draw = (units: number) =>
      drawKey(context, root, { feature: 'scrape', units, tierId: null, requestId: null });
    await draw(2);
    const reset = await resetKeyUsage(context, root, { id });
    assert.deepEqual([reset.budgets[0]?.used, reset.condition], [0, 'ready']);
    assert.notEqual(reset.etag, etag);
    assert.equal((await context.store.getKey(id))?.budgets[0]?.epoch, 2);
    assert.equal((await resetKeyUsage(context, root, { id })).etag, reset.etag);
    await draw(1);
    await refused(draw(1), 'POOL_EXHAUSTED');
  });

  it('count draws from their reset on, and give nothing back for those before, in the same millisecond', async (t) => {
    const { context, root, id, draw, used } = await openKey(t, [{ limit: 10, windowMs: null }]);
    const report = (drawId: string, units: number) =>
      reportOutcome(context, root, {
        drawId,
        outcome: 'ok',
        retryAfterMs: null,
        statusCode: null,
        units,
        message: null,
      });
    const before = await draw(3);
    await resetKeyUsage(context, root, { id });
    const after = await draw(2);
    await report(before.drawId, 0);
    assert.deepEqual(await used(), [2]);
    await report(after.drawId, 4);
    assert.deepEqual(await used(), [4]);
  });

  it('are refused in a time zone by which no periods can be laid', async (t) => {
    const zone = (timeZone: string): BudgetInput => ({
      limit: 1,
      windowMs: null,
      periods: { kind: 'calendar', unit: 'day', timeZone },
    });
    const key = await openKey(t, [zone('Asia/Calcutta')]);
    // Known to one part of the runtime each, or to none.
    for (const name of ['PST', '2026-01-01T00:00Z', 'Mars/Olympus', '']) {
      const fields = await refusedFields(key.setBudgets([zone(name)]));
      assert.deepEqual(fields, ['key.budgets[0].calendar.timeZone']);
      const group = { id: 'account', description: '', limits: [], budgets: [zone(name)] };
      const path = await refusedFields(createQuotaGroup(key.context, key.root, group));
      assert.deepEqual(path, ['quotaGroup.budgets[0].calendar.timeZone']);
    }
  });

  it('cannot be reset for a key that is not there', async (t) => {
    const { context, root } = await openDomain(t);
    await refused(resetKeyUsage(context, root, { id: 'none' }), 'KEY_NOT_FOUND');
  });
});
