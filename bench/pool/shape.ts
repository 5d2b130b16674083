import { queueName, type Tier } from '../../src/model/tier.ts';
import type { DrawRequest } from '../../src/store/port.ts';

/** How large a pool is. */
export interface PoolShape {
  readonly keys: number;
  readonly tiers: number;
  /** Each tier serves four of them where there are enough, each feature is served by several tiers. */
  readonly features: number;
  /** Each may draw from two tiers where there are enough, and draws a feature that both serve. */
  readonly consumers: number;
  readonly auditRows: number;
}

const FEATURES_PER_TIER = 4;

/** One tier, one feature, one consumer. */
export function smallPool(keys: number, auditRows: number): PoolShape {
  return { keys, tiers: 1, features: 1, consumers: 1, auditRows };
}

/** Ten tiers, twenty features. */
export function largePool(keys: number, consumers: number, auditRows: number): PoolShape {
  return { keys, tiers: 10, features: 20, consumers, auditRows };
}

export function tierId(index: number): string {
  return `tier-${index}`;
}

function featureName(index: number): string {
  return `feature-${index}`;
}

export function featuresOfTier({ tiers, features }: PoolShape, index: number): string[] {
  const first = (index * features) / tiers;
  const count = Math.min(features, FEATURES_PER_TIER);
  return Array.from({ length: count }, (_, i) => featureName(Math.floor(first + i) % features));
}

/** What a consumer is granted and draws; neighbours differ in both. */
export function rightsOf(
  { tiers, features }: PoolShape,
  consumer: number,
): { readonly tierIds: readonly string[]; readonly feature: string } {
  const tier = consumer % tiers;
  const step = features / tiers;
  const shared = tier * step + step + (Math.floor(consumer / tiers) % step);
  const tierIds = [...new Set([tier, (tier + 1) % tiers])].map(tierId);
  return { tierIds, feature: featureName(Math.floor(shared) % features) };
}

/** A draw as the domain would ask the store for it. */
export function drawFrom(tier: Tier, consumerId: string): DrawRequest {
  const [feature] = tier.features;
  if (feature === undefined) throw new Error(`tier ${tier.id} has no feature`);
  const { policy, revision } = tier;
  return {
    feature: feature.name,
    units: 1,
    queues: [
      { tierId: tier.id, queue: queueName(tier.id, feature.name), limits: feature.limits, policy, revision },
    ],
    consumerId,
    peerAddress: '127.0.0.1',
    requestId: 'bench',
    idempotency: null,
    affinity: null,
  };
}
