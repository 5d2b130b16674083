import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createKey } from '../../src/domain/create-key.ts';
import { createTier } from '../../src/domain/create-tier.ts';
import { drawKey } from '../../src/domain/draw-key.ts';
import { resetKeyUsage } from '../../src/domain/reset-key-usage.ts';
import { updateKey } from '../../src/domain/update-key.ts';
import { updateTier } from '../../src/domain/update-tier.ts';
import type { ListedAlert } from '../../src/store/port.ts';
import { budgetOf } from '../support/key-state.ts';
import { newKey, newTier } from './examples.ts';
import { type Alerted, alertsOver, openAlerted, steppedTimers } from './open-alerts.ts';
import { draw } from './open-pool.ts';

const LOOK_MS = 5000;
const LOST_MS = 25_000;

function kindsOf(alerts: readonly ListedAlert[]) {
  return alerts.map(({ kind, state }) => `${kind} ${state}`).sort();
}

/** A tier without limits whose one key has a budget of 10 units for life. */
async function withBudget({ context, root }: Alerted) {
  await createTier(context, root, newTier({ features: [{ name: 'scrape', limits: [] }] }));
  const budgets = [{ limit: 10, windowMs: null, periods: null }];
  return createKey(context, root, { tierId: 'basic', key: newKey({ budgets }) });
}

describe('an alert', () => {
  it('is raised within a look for a pool that is low, and ends when it has not been so for three', async (t) => {
    const alerted = await openAlerted(t);
    const { context, root, pass, listed, receiver } = alerted;
    await alerted.addWebhook();
    await createTier(context, root, newTier());
    const { id } = await createKey(context, root, { tierId: 'basic', key: newKey() });
    await pass(LOOK_MS);
    assert.deepEqual(await listed(), []);
    await updateTier(context, root, { id: 'basic', etag: null, changes: { policy: { alertBelow: 2 } } });
    for (let looks = 0; looks < 3; looks += 1) await pass(LOOK_MS);
    const [low, ...others] = await listed();
    assert.deepEqual([others, low?.kind, low?.tierId, low?.feature], [[], 'pool_low', 'basic', 'scrape']);
    assert.equal(low?.message, 'Tier basic has 1 key that can be drawn for scrape, fewer than 2.');
    await createKey(context, root, { tierId: 'basic', key: newKey() });
    for (let looks = 0; looks < 2; looks += 1) await pass(LOOK_MS);
    assert.equal((await listed())[0]?.state, 'open');
    await pass(LOOK_MS);
    assert.equal((await listed())[0]?.state, 'closed');
    await updateKey(context, root, { id, etag: null, changes: { state: 'disabled' } });
    await pass(LOOK_MS);
    assert.deepEqual(kindsOf(await listed()), ['pool_low closed', 'pool_low open']);
    assert.equal((await receiver.got(2)).length, 2);
    await updateTier(context, root, { id: 'basic', etag: null, changes: { policy: { alertBelow: null } } });
    await pass(LOOK_MS);
    assert.deepEqual(kindsOf(await listed()), ['pool_low closed', 'pool_low closed']);
  });

  it('is raised for a key that was quarantined, and ends when an admin lets it back', async (t) => {
    const { context, root, pass, listed } = await openAlerted(t);
    await createTier(context, root, newTier());
    const { id } = await createKey(context, root, { tierId: 'basic', key: newKey({ name: 'main' }) });
    const { value = '' } = (await context.store.getKey(id)) ?? {};
    await context.store.quarantineKey(id, value, 'SEAL_BROKEN: it was moved');
    for (let looks = 0; looks < 2; looks += 1) await pass(LOOK_MS);
    const [alert, ...others] = await listed();
    assert.deepEqual([others, alert?.kind, alert?.keyId, alert?.state], [[], 'key_quarantined', id, 'open']);
    assert.equal(alert?.message, `Key main (${id}) was quarantined: SEAL_BROKEN: it was moved`);
    await updateKey(context, root, { id, etag: null, changes: { state: 'active' } });
    await pass(LOOK_MS);
    assert.deepEqual(kindsOf(await listed()), ['key_quarantined closed']);
    await context.store.quarantineKey(id, value, 'again');
    await pass(LOOK_MS);
    assert.deepEqual(kindsOf(await listed()), ['key_quarantined closed', 'key_quarantined open']);
  });

  it('is raised at 80 % and at 100 % of a budget, once until it is reset', async (t) => {
    const alerted = await openAlerted(t);
    const { context, root, pass, listed } = alerted;
    const { id } = await withBudget(alerted);
    const use = async (units: number) => {
      await draw(context, root, { units });
      await pass(LOOK_MS);
    };
    await use(7);
    assert.deepEqual(await listed(), []);
    await use(1);
    await use(1);
    assert.deepEqual(kindsOf(await listed()), ['budget_80 open']);
    await use(1);
    assert.deepEqual(kindsOf(await listed()), ['budget_100 open', 'budget_80 open']);
    await resetKeyUsage(context, root, { id });
    await pass(LOOK_MS);
    assert.deepEqual(kindsOf(await listed()), ['budget_100 closed', 'budget_80 closed']);
    await use(10);
    assert.equal((await listed()).length, 4);
  });

  it('is raised for a quota group as for a key', async (t) => {
    const { context, pass, listed } = await openAlerted(t);
    const now = context.store.now();
    const group = {
      id: 'account',
      description: '',
      limits: [],
      meters: {},
      budgets: [{ ...budgetOf(10), used: 8, epoch: 3 }],
      epoch: 3,
      open: [],
      takenAt: 0,
      applied: [],
      version: 1,
      createdAt: now,
      updatedAt: now,
    };
    const event = { ...EVENT, id: context.newId(), at: now };
    await context.store.createGroup(group, event);
    for (let looks = 0; looks < 2; looks += 1) await pass(LOOK_MS);
    const [alert, ...others] = await listed();
    assert.deepEqual([others, alert?.kind, alert?.groupId], [[], 'budget_80', 'account']);
    // A new one of that name counts from the first again.
    await context.store.deleteGroup('account', () => ({ ...event, id: context.newId() }));
    await pass(LOOK_MS);
    const createdAt = context.store.now();
    await context.store.createGroup(
      { ...group, createdAt },
      { ...event, id: context.newId(), at: createdAt },
    );
    for (let looks = 0; looks < 2; looks += 1) await pass(LOOK_MS);
    assert.deepEqual(kindsOf(await listed()), ['budget_80 closed', 'budget_80 open']);
  });

  it('is not lost with the process that saw its cause and did not tell', async (t) => {
    const alerted = await openAlerted(t);
    const { context, root, clock, listed } = alerted;
    await withBudget(alerted);
    await draw(context, root, { units: 10 });
    // Dead: what it held in memory is gone, and it says no more that it is alive.
    assert.equal(context.store.takeSpentKeys().length, 1);
    const timers = steppedTimers();
    const other = alertsOver(context, timers);
    await other.begin();
    t.after(() => other.end());
    clock.advance(LOST_MS);
    for (let looks = 0; looks < 2; looks += 1) await timers.fire(5000);
    assert.deepEqual(kindsOf(await listed()), ['budget_100 open', 'budget_80 open']);
  });

  it('is told before a process that stops has ended', async (t) => {
    const alerted = await openAlerted(t);
    const { context, root, listed } = alerted;
    await withBudget(alerted);
    await draw(context, root, { units: 8 });
    await context.alerts.end();
    assert.deepEqual(kindsOf(await listed()), ['budget_80 open']);
    assert.ok(!(await context.store.lostWatchers(Infinity)).some((id) => id !== 'earlier versions'));
  });

  it('costs draws of keys without budgets no look', async (t) => {
    const { context, root } = await openAlerted(t);
    await createTier(context, root, newTier());
    await createKey(context, root, { tierId: 'basic', key: newKey() });
    for (let draws = 0; draws < 10; draws += 1)
      await drawKey(context, root, { feature: 'scrape', units: 1, tierId: null, requestId: null });
    assert.deepEqual(context.store.takeSpentKeys(), []);
  });
});

const EVENT = {
  actor: { kind: 'root' },
  action: 'CreateQuotaGroup',
  resourceType: 'quota_group',
  resourceId: 'account',
  changes: [],
  requestId: 'request-1',
  peerAddress: '127.0.0.1',
} as const;
