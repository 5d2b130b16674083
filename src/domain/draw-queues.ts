import type { DrawQueue } from '../model/round.ts';
import { type Feature, queueName, type Tier } from '../model/tier.ts';
import { isAdmin } from './authorize.ts';
import type { Context, Identity } from './context.ts';
import { KeypoolError } from './errors.ts';

/** The tiers whose features an identity may draw: all for an admin, the granted ones for a consumer. */
async function tiersOf(context: Context, identity: Identity): Promise<readonly Tier[]> {
  if (isAdmin(identity) || identity.kind === 'root') return context.directory.allTiers();
  const tiers = await Promise.all(identity.consumer.grantedTierIds.map((id) => context.directory.tier(id)));
  return tiers.filter((tier) => tier !== null);
}

function queueOf(tier: Tier, feature: Feature): DrawQueue {
  return {
    tierId: tier.id,
    queue: queueName(tier.id, feature.name),
    limits: feature.limits,
    revision: tier.revision,
  };
}

function notOffered(identity: Identity, feature: string, tierId: string | null): KeypoolError {
  const metadata: Record<string, string> = { feature };
  if (tierId !== null) metadata.tier_id = tierId;
  const where = tierId === null ? '' : ` in tier ${tierId}`;
  if (isAdmin(identity))
    return new KeypoolError(
      'FEATURE_NOT_FOUND',
      `No tier offers feature ${feature}${where}. Check the name, or add the feature to a tier.`,
      { metadata },
    );
  return new KeypoolError(
    'FEATURE_NOT_GRANTED',
    `None of your tiers offers feature ${feature}${where}. Ask an admin to grant a tier that has it.`,
    { metadata },
  );
}

/**
 * The queues that an identity may draw a feature from, in the order of its tiers; with `tierId`, that tier's only.
 * Errors: FEATURE_NOT_FOUND for an admin, FEATURE_NOT_GRANTED for a consumer.
 */
export async function drawQueues(
  context: Context,
  identity: Identity,
  feature: string,
  tierId: string | null,
): Promise<readonly DrawQueue[]> {
  const queues: DrawQueue[] = [];
  for (const tier of await tiersOf(context, identity)) {
    if (tierId !== null && tier.id !== tierId) continue;
    const offered = tier.features.find((candidate) => candidate.name === feature);
    if (offered !== undefined) queues.push(queueOf(tier, offered));
  }
  if (queues.length === 0) throw notOffered(identity, feature, tierId);
  return queues;
}

/** Those queues whose limits can ever grant that many units at once. Error: UNITS_TOO_LARGE when there is none. */
export function queuesForUnits(queues: readonly DrawQueue[], units: number): readonly DrawQueue[] {
  const largest = (queue: DrawQueue): number =>
    Math.min(Infinity, ...queue.limits.map((limit) => limit.limit));
  const able = queues.filter((queue) => units <= largest(queue));
  if (able.length > 0) return able;
  const most = Math.max(...queues.map(largest));
  const description = `must be at most ${most}, the largest limit of this feature; draw fewer units at a time`;
  throw new KeypoolError('UNITS_TOO_LARGE', `units: ${description}`, {
    metadata: { units_max: String(most) },
    violations: [{ field: 'units', description }],
  });
}
