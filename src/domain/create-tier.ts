import type { Feature, Tier } from '../model/tier.ts';
import { PLAIN_POLICY, type TierPolicy } from '../model/tier-policy.ts';
import { adminEvent } from './admin-event.ts';
import { requireAdmin } from './authorize.ts';
import { refuseIfAny } from './check-field.ts';
import { checkTier } from './check-tier.ts';
import { checkPolicyTogether } from './check-tier-policy.ts';
import type { Call, Context } from './context.ts';
import { describeTier } from './describe-tier.ts';
import { KeypoolError } from './errors.ts';
import { changesBetween } from './field-changes.ts';
import { stored } from './store-errors.ts';

export interface CreateTierInput {
  /** The user's slug, `[a-z0-9_-]{1,63}`. */
  readonly id: string;
  readonly description: string;
  /** 1 to 100. */
  readonly features: readonly Feature[];
  /** What is not named is as in `PLAIN_POLICY`. */
  readonly policy?: Partial<TierPolicy>;
}

function tierExists(id: string): KeypoolError {
  return new KeypoolError('TIER_EXISTS', `There is a tier ${id} already. Choose another id, or update it.`, {
    metadata: { tier_id: id },
  });
}

/** Errors: ADMIN_REQUIRED, INVALID_FIELD, TIER_EXISTS. */
export async function createTier(context: Context, call: Call, input: CreateTierInput): Promise<Tier> {
  requireAdmin(call.identity, 'write');
  const violations = checkTier(input);
  const policy = { ...PLAIN_POLICY, ...input.policy };
  checkPolicyTogether(policy, violations, 'tier');
  refuseIfAny(violations);
  const now = context.store.now();
  const tier: Tier = {
    id: input.id,
    description: input.description,
    features: input.features,
    policy,
    // Above every revision of an earlier tier of that name, whose takes may still be under way.
    revision: Math.max(1, now),
    createdAt: now,
    updatedAt: now,
  };
  const event = adminEvent(context, call, {
    action: 'CreateTier',
    resourceType: 'tier',
    resourceId: tier.id,
    changes: changesBetween(null, describeTier(tier)),
  });
  await stored(context.store.createTier(tier, event), { exists: () => tierExists(tier.id) });
  return tier;
}
