import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTier } from '../../src/domain/create-tier.ts';
import { getTier } from '../../src/domain/get-tier.ts';
import { updateTier } from '../../src/domain/update-tier.ts';
import { PLAIN_POLICY, type TierPolicy } from '../../src/model/tier-policy.ts';
import { newTier } from './examples.ts';
import { openDomain } from './open-domain.ts';
import { refusedFields } from './refusals.ts';

const FORBIDDEN_RULE = {
  outcome: 'forbidden',
  cooldown: 'key',
  cooldownAfter: 2,
  minCooldownMs: 500,
  maxCooldownMs: 60_000,
  quarantineAfter: 5,
} as const;

const POLICY: TierPolicy = {
  strategy: 'weighted',
  priority: 7,
  failureRules: [FORBIDDEN_RULE],
  trialAfterMs: 60_000,
  settleTimeoutMs: 30_000,
  maxInFlight: 4,
  ramp: { fromPercent: 10, periodMs: 3_600_000 },
  alertBelow: 3,
};

describe('the policy of a tier', () => {
  it('is plain unless it is given, and is read as it was given', async (t) => {
    const { context, root } = await openDomain(t);
    const plain = await createTier(context, root, newTier({ id: 'plain' }));
    assert.deepEqual(plain.policy, PLAIN_POLICY);
    const tier = await createTier(context, root, newTier({ policy: POLICY }));
    assert.deepEqual(await getTier(context, root, { id: 'basic' }), tier);
    assert.deepEqual(tier.policy, POLICY);
  });

  it('changes only in what an update names, and the audit tells what', async (t) => {
    const { context, root } = await openDomain(t);
    await createTier(context, root, newTier({ policy: POLICY }));
    const changes = { policy: { priority: 1, ramp: null } };
    const updated = await updateTier(context, root, { id: 'basic', etag: null, changes });
    assert.deepEqual(updated.policy, { ...POLICY, priority: 1, ramp: null });
    const [event] = (await context.store.listAdminEvents({}, { after: null, limit: 1 })).items;
    assert.deepEqual(event?.changes, [
      { field: 'priority', before: '7', after: '1' },
      { field: 'ramp', before: '{"from_percent":10,"period":"3600s"}', after: null },
    ]);
  });

  it('is refused with every bad field at once', async (t) => {
    const { context, root } = await openDomain(t);
    const policy: TierPolicy = {
      ...POLICY,
      priority: -1,
      failureRules: [
        { ...FORBIDDEN_RULE, cooldownAfter: 0, minCooldownMs: 50, maxCooldownMs: 40, quarantineAfter: 0 },
        FORBIDDEN_RULE,
      ],
      trialAfterMs: 10,
      settleTimeoutMs: 10,
      maxInFlight: 257,
      ramp: { fromPercent: 100, periodMs: 1 },
      alertBelow: 0,
    };
    const fields = await refusedFields(createTier(context, root, newTier({ policy })));
    assert.deepEqual([...new Set(fields)].sort(), [
      'tier.alertBelow',
      'tier.failureRules[0].cooldownAfter',
      'tier.failureRules[0].maxCooldown',
      'tier.failureRules[0].minCooldown',
      'tier.failureRules[0].quarantineAfter',
      'tier.failureRules[1].outcome',
      'tier.maxInFlight',
      'tier.priority',
      'tier.ramp.fromPercent',
      'tier.ramp.period',
      'tier.settleTimeout',
      'tier.trialAfter',
    ]);
  });

  it('bounds draws in flight only where it says how long they are waited for', async (t) => {
    const { context, root } = await openDomain(t);
    const policy = { maxInFlight: 2 };
    assert.deepEqual(await refusedFields(createTier(context, root, newTier({ policy }))), [
      'tier.settleTimeout',
    ]);
    await createTier(context, root, newTier({ policy: POLICY }));
    const changes = { policy: { settleTimeoutMs: null } };
    const update = updateTier(context, root, { id: 'basic', etag: null, changes });
    assert.deepEqual(await refusedFields(update), ['tier.settleTimeout']);
  });
});
