import type { Feature, Tier } from '../model/tier.ts';
import type { TierPolicy } from '../model/tier-policy.ts';
import type { Edit } from '../store/port.ts';
import { adminEvent } from './admin-event.ts';
import { requireAdmin } from './authorize.ts';
import { refuseIfAny, type Violations } from './check-field.ts';
import { checkTier } from './check-tier.ts';
import { checkPolicyTogether } from './check-tier-policy.ts';
import type { Call, Context } from './context.ts';
import { describeTier } from './describe-tier.ts';
import { checkEtag } from './etag.ts';
import { changesBetween } from './field-changes.ts';
import { tierNotFound } from './not-found.ts';
import { stored } from './store-errors.ts';

export interface UpdateTierInput {
  readonly id: string;
  /** Null for no check. */
  readonly etag: string | null;
  /** Only what is to change. */
  readonly changes: {
    readonly description?: string;
    readonly features?: readonly Feature[];
    readonly policy?: Partial<TierPolicy>;
  };
}

/**
 * Acts on the next draw. An update that changes nothing writes nothing.
 * Errors: ADMIN_REQUIRED, INVALID_FIELD, TIER_NOT_FOUND, ETAG_MISMATCH.
 */
export async function updateTier(context: Context, call: Call, input: UpdateTierInput): Promise<Tier> {
  requireAdmin(call.identity, 'write');
  refuseIfAny(checkTier(input.changes));

  function edit(tier: Tier): Edit<Tier> {
    checkEtag(input.etag, tier.revision);
    const row = {
      ...tier,
      description: input.changes.description ?? tier.description,
      features: input.changes.features ?? tier.features,
      policy: { ...tier.policy, ...input.changes.policy },
    };
    const violations: Violations = [];
    checkPolicyTogether(row.policy, violations, 'tier');
    refuseIfAny(violations);
    const changes = changesBetween(describeTier(tier), describeTier(row));
    if (changes.length === 0) return { row: tier, event: null };
    const event = adminEvent(context, call, {
      action: 'UpdateTier',
      resourceType: 'tier',
      resourceId: tier.id,
      changes,
    });
    return { row: { ...row, revision: tier.revision + 1, updatedAt: event.at }, event };
  }

  return stored(context.store.editTier(input.id, edit), { 'not-found': () => tierNotFound(input.id) });
}
