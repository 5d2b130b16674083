import { describe, it } from 'node:test';
import { batchCreateKeys } from '../../src/domain/batch-create-keys.ts';
import type { Call, Context } from '../../src/domain/context.ts';
import { createConsumer } from '../../src/domain/create-consumer.ts';
import { createKey } from '../../src/domain/create-key.ts';
import { createQuotaGroup } from '../../src/domain/create-quota-group.ts';
import { createTier } from '../../src/domain/create-tier.ts';
import { deleteConsumer } from '../../src/domain/delete-consumer.ts';
import { deleteKey } from '../../src/domain/delete-key.ts';
import { deleteQuotaGroup } from '../../src/domain/delete-quota-group.ts';
import { deleteTier } from '../../src/domain/delete-tier.ts';
import { getConsumer } from '../../src/domain/get-consumer.ts';
import { getKey } from '../../src/domain/get-key.ts';
import { getQuotaGroup } from '../../src/domain/get-quota-group.ts';
import { getStatus } from '../../src/domain/get-status.ts';
import { getTier } from '../../src/domain/get-tier.ts';
import { getUsageSummary } from '../../src/domain/get-usage-summary.ts';
import { grantTier } from '../../src/domain/grant-tier.ts';
import { listAdminEvents } from '../../src/domain/list-admin-events.ts';
import { listConsumers } from '../../src/domain/list-consumers.ts';
import { listKeys } from '../../src/domain/list-keys.ts';
import { listQuotaGroups } from '../../src/domain/list-quota-groups.ts';
import { listTiers } from '../../src/domain/list-tiers.ts';
import { listUsageEvents } from '../../src/domain/list-usage-events.ts';
import { resetKeyUsage } from '../../src/domain/reset-key-usage.ts';
import { revokeGrant } from '../../src/domain/revoke-grant.ts';
import { rotateSigningKey } from '../../src/domain/rotate-signing-key.ts';
import { trialKey } from '../../src/domain/trial-key.ts';
import { updateConsumer } from '../../src/domain/update-consumer.ts';
import { updateKey } from '../../src/domain/update-key.ts';
import { updateQuotaGroup } from '../../src/domain/update-quota-group.ts';
import { updateTier } from '../../src/domain/update-tier.ts';
import { consumerOf } from '../support/store-rows.ts';
import { newConsumer, newKey, newTier } from './examples.ts';
import { callOf, openDomain } from './open-domain.ts';
import { refused } from './refusals.ts';

type Attempt = (context: Context, call: Call) => Promise<unknown>;

const PAGE = { pageSize: 0, pageToken: '', filter: {} };
const GRANT = { consumerId: 'c', tierId: 't' };
const DELETE = { id: 'x', etag: null };

const READS: readonly Attempt[] = [
  (context, call) => getTier(context, call, { id: 'x' }),
  (context, call) => listTiers(context, call, PAGE),
  (context, call) => getKey(context, call, { id: 'x' }),
  (context, call) => listKeys(context, call, PAGE),
  (context, call) => getConsumer(context, call, { id: 'x' }),
  (context, call) => listConsumers(context, call, PAGE),
  (context, call) => listUsageEvents(context, call, PAGE),
  (context, call) => getUsageSummary(context, call, { subject: { kind: 'all' }, period: {} }),
  (context, call) => listAdminEvents(context, call, PAGE),
  (context, call) => getStatus(context, call),
  (context, call) => getQuotaGroup(context, call, { id: 'x' }),
  (context, call) => listQuotaGroups(context, call, PAGE),
];

const WRITES: readonly Attempt[] = [
  (context, call) => createTier(context, call, newTier()),
  (context, call) => updateTier(context, call, { ...DELETE, changes: {} }),
  (context, call) => deleteTier(context, call, DELETE),
  (context, call) => createKey(context, call, { tierId: 't', key: newKey() }),
  (context, call) => batchCreateKeys(context, call, { tierId: 't', keys: [newKey()] }),
  (context, call) => updateKey(context, call, { ...DELETE, changes: {} }),
  (context, call) => resetKeyUsage(context, call, { id: 'x' }),
  (context, call) => trialKey(context, call, { id: 'x' }),
  (context, call) => rotateSigningKey(context, call, { reason: '', revokePrevious: true }),
  (context, call) => deleteKey(context, call, DELETE),
  (context, call) => createQuotaGroup(context, call, { id: 'g', description: '', limits: [], budgets: [] }),
  (context, call) => updateQuotaGroup(context, call, { ...DELETE, changes: {} }),
  (context, call) => deleteQuotaGroup(context, call, DELETE),
  (context, call) => createConsumer(context, call, { consumer: newConsumer() }),
  (context, call) => updateConsumer(context, call, { ...DELETE, changes: {} }),
  (context, call) => deleteConsumer(context, call, DELETE),
  (context, call) => grantTier(context, call, GRANT),
  (context, call) => revokeGrant(context, call, GRANT),
];

describe('every admin use case', () => {
  it('refuses a consumer without a scope', async (t) => {
    const { context } = await openDomain(t);
    const call = callOf(consumerOf());
    for (const attempt of [...READS, ...WRITES]) await refused(attempt(context, call), 'ADMIN_REQUIRED');
  });

  it('that changes something refuses the scope admin.read', async (t) => {
    const { context } = await openDomain(t);
    const call = callOf(consumerOf({ scopes: ['admin.read'] }));
    for (const attempt of WRITES) await refused(attempt(context, call), 'ADMIN_REQUIRED');
  });
});
