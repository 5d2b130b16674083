import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { TierSchema } from '../../gen/keypool/v1/tier_pb.ts';
import type { FailureRule } from '../../src/model/failure-policy.ts';
import { PLAIN_POLICY, type TierPolicy } from '../../src/model/tier-policy.ts';
import { fromPolicy, POLICY_FIELDS, toPolicy } from '../../src/transport/convert/tier-policy.ts';

const span = fc.integer({ min: 1000, max: 86_400_000 });
const cooldown = fc.integer({ min: 100, max: 1000 });

const rule: fc.Arbitrary<FailureRule> = fc.record(
  {
    outcome: fc.constantFrom('rate_limited', 'quota_exceeded', 'unauthorized', 'forbidden', 'timeout'),
    cooldown: fc.constantFrom('none', 'feature', 'key'),
    cooldownAfter: fc.integer({ min: 1, max: 1000 }),
    minCooldownMs: cooldown,
    maxCooldownMs: cooldown.map((ms) => ms + 1000),
    quarantineAfter: fc.option(fc.integer({ min: 1, max: 1000 })),
  },
  { noNullPrototype: true },
);

const policy: fc.Arbitrary<TierPolicy> = fc.record(
  {
    strategy: fc.constantFrom('least_recently_used', 'weighted', 'fill_first', 'most_remaining'),
    priority: fc.integer({ min: 0, max: 1000 }),
    failureRules: fc.array(rule, { maxLength: 3 }),
    trialAfterMs: fc.option(span),
    settleTimeoutMs: fc.option(span),
    maxInFlight: fc.option(fc.integer({ min: 1, max: 256 })),
    ramp: fc.option(
      fc.record({ fromPercent: fc.integer({ min: 1, max: 99 }), periodMs: span }, { noNullPrototype: true }),
    ),
    alertBelow: fc.option(fc.integer({ min: 1, max: 1000 })),
  },
  { noNullPrototype: true },
);

describe('the policy of a tier', () => {
  it('comes back from its message as it went in', () => {
    fc.assert(
      fc.property(policy, (given) => {
        assert.deepEqual(toPolicy(create(TierSchema, fromPolicy(given))), given);
      }),
    );
  });

  it('is the plain one where a message says nothing', () => {
    assert.deepEqual(toPolicy(create(TierSchema, {})), PLAIN_POLICY);
  });

  it('has a path for each of its fields', () => {
    const named = Object.values(POLICY_FIELDS).flatMap((read) => Object.keys(read(create(TierSchema, {}))));
    assert.deepEqual(named.sort(), Object.keys(PLAIN_POLICY).sort());
  });

  it('fills what a rule leaves open', () => {
    const { failureRules } = toPolicy(create(TierSchema, { failureRules: [{ outcome: 2 }] }));
    assert.deepEqual(failureRules, [
      {
        outcome: 'rate_limited',
        cooldown: 'feature',
        cooldownAfter: 1,
        minCooldownMs: 1000,
        maxCooldownMs: 300_000,
        quarantineAfter: null,
      },
    ]);
  });
});
