import type { Feature, Limit, Tier } from '../model/tier.ts';
import { type Described, durationText, enumText } from './field-changes.ts';

function describeLimit(limit: Limit): Described {
  return {
    limit: limit.limit,
    window: durationText(limit.windowMs),
    algorithm: enumText('LIMIT_ALGORITHM', `${limit.algorithm}_window`),
    ...(limit.guardMs === null ? {} : { guard: durationText(limit.guardMs) }),
  };
}

function describeFeature(feature: Feature): Described {
  return { name: feature.name, limits: feature.limits.map(describeLimit) };
}

/** A tier as the audit shows it. */
export function describeTier(tier: Tier): Described {
  return { description: tier.description, features: tier.features.map(describeFeature) };
}
