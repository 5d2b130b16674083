import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { batchCreateKeys } from '../../src/domain/batch-create-keys.ts';
import { createConsumer } from '../../src/domain/create-consumer.ts';
import { createKey } from '../../src/domain/create-key.ts';
import { createTier } from '../../src/domain/create-tier.ts';
import { deleteKey } from '../../src/domain/delete-key.ts';
import { drawKey } from '../../src/domain/draw-key.ts';
import { grantTier } from '../../src/domain/grant-tier.ts';
import { listAdminEvents } from '../../src/domain/list-admin-events.ts';
import { resetKeyUsage } from '../../src/domain/reset-key-usage.ts';
import { revokeGrant } from '../../src/domain/revoke-grant.ts';
import { updateKey } from '../../src/domain/update-key.ts';
import { updateTier } from '../../src/domain/update-tier.ts';
import type { FieldChange } from '../../src/model/audit.ts';
import { limitOf, newConsumer, newKey, newTier } from './examples.ts';
import { callOf, openDomain } from './open-domain.ts';

async function openAudit(t: TestContext) {
  const domain = await openDomain(t);
  const { context, root } = domain;
  const list = async (filter: Parameters<typeof listAdminEvents>[2]['filter'] = {}) =>
    (await listAdminEvents(context, root, { pageSize: 0, pageToken: '', filter })).items;
  return { ...domain, list };
}

/** Field, before and after, as JSON values. */
function shown(changes: readonly FieldChange[]): Readonly<Record<string, readonly [unknown, unknown]>> {
  const parse = (text: string | null): unknown => (text === null ? null : JSON.parse(text));
  return Object.fromEntries(
    changes.map(({ field, before, after }) => [field, [parse(before), parse(after)]]),
  );
}

describe('an admin event', () => {
  it('says who changed what, when and from where', async (t) => {
    const { context, root, list, clock } = await openAudit(t);
    const admin = await createConsumer(context, root, {
      consumer: newConsumer({ name: 'anna', scopes: ['admin'] }),
    });
    clock.advance(1000);
    await createTier(context, callOf(admin.consumer), newTier());
    const [event] = await list();
    assert.deepEqual(event?.actor, { kind: 'consumer', id: admin.consumer.id, name: 'anna' });
    assert.deepEqual(
      [event?.action, event?.resourceType, event?.resourceId, event?.requestId, event?.peerAddress],
      ['CreateTier', 'tier', 'basic', 'request-1', '192.0.2.1'],
    );
    assert.equal(event?.at, context.store.now());
    const byRoot = await list({ actor: 'root' });
    assert.deepEqual(
      byRoot.map(({ action }) => action),
      ['CreateConsumer'],
    );
  });

  it('shows old and new value of each changed field as the contract writes them', async (t) => {
    const { context, root, list } = await openAudit(t);
    await createTier(context, root, newTier());
    const limit = limitOf({ limit: 5, windowMs: 1500, algorithm: 'fixed', guardMs: 100 });
    const changes = { features: [{ name: 'scrape', limits: [limit] }] };
    await updateTier(context, root, { id: 'basic', etag: null, changes });
    const [event] = await list();
    const before = { limit: 10, window: '60s', algorithm: 'LIMIT_ALGORITHM_SLIDING_WINDOW' };
    const after = {
      limit: 5,
      window: '1.500s',
      algorithm: 'LIMIT_ALGORITHM_FIXED_WINDOW',
      guard: '0.100s',
    };
    assert.deepEqual(shown(event?.changes ?? []), {
      features: [[{ name: 'scrape', limits: [before] }], [{ name: 'scrape', limits: [after] }]],
    });
  });

  it('of a key tells that its value and secrets changed, never from what to what', async (t) => {
    const { context, root, list } = await openAudit(t);
    await createTier(context, root, newTier());
    const key = newKey({ value: 'upstream-value-old1', secrets: { s: 'bound-secret-1' } });
    const { id } = await createKey(context, root, { tierId: 'basic', key });
    await updateKey(context, root, {
      id,
      etag: null,
      changes: {
        value: 'upstream-value-new2',
        secrets: { t: 'bound-secret-2' },
        state: 'disabled',
        expireAt: Date.UTC(2030, 0),
      },
    });
    await deleteKey(context, root, { id, etag: null });
    const [deleted, updated, created] = await list({ resourceId: id });
    assert.deepEqual(shown(updated?.changes ?? []), {
      value_hint: ['old1', 'new2'],
      secret_names: [['s'], ['t']],
      state: ['KEY_STATE_ACTIVE', 'KEY_STATE_DISABLED'],
      expire_time: [null, '2030-01-01T00:00:00.000Z'],
      value: ['(changed)', '(changed)'],
      secrets: ['(changed)', '(changed)'],
    });
    assert.deepEqual(shown(created?.changes ?? []).value, [null, '(changed)']);
    assert.deepEqual(shown(deleted?.changes ?? []).value, ['(changed)', null]);
    assert.doesNotMatch(JSON.stringify(await list()), /upstream-value|bound-secret|enc:gcm/);
  });

  it('is written for each key of a batch, and for a reset with what was used', async (t) => {
    const { context, root, list } = await openAudit(t);
    await createTier(context, root, newTier());
    const budgets = [{ limit: 5, windowMs: null }];
    const keys = [newKey({ budgets })];
    const [key] = await batchCreateKeys(context, root, { tierId: 'basic', keys });
    await drawKey(context, root, { feature: 'scrape', units: 3, tierId: null, requestId: null });
    await resetKeyUsage(context, root, { id: key?.id ?? '' });
    const [reset, created] = await list({ resourceId: key?.id });
    assert.equal(created?.action, 'BatchCreateKeys');
    assert.deepEqual(shown(reset?.changes ?? []), {
      budgets: [[{ limit: '5', used: '3' }], [{ limit: '5', used: '0' }]],
    });
  });

  it('of a grant names the consumer and the tier; one that was there already has none', async (t) => {
    const { context, root, list } = await openAudit(t);
    await createTier(context, root, newTier());
    const { consumer, token } = await createConsumer(context, root, { consumer: newConsumer() });
    const grant = { consumerId: consumer.id, tierId: 'basic' };
    await grantTier(context, root, grant);
    await grantTier(context, root, grant);
    await revokeGrant(context, root, grant);
    const events = await list({ resourceType: 'grant' });
    assert.deepEqual(
      events.map(({ action, resourceId, changes }) => [action, resourceId, shown(changes)]),
      [
        ['RevokeGrant', consumer.id, { tier_id: ['basic', null] }],
        ['GrantTier', consumer.id, { tier_id: [null, 'basic'] }],
      ],
    );
    assert.ok(!JSON.stringify(await list()).includes(token));
  });
});
