import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type FeatureSchema,
  LimitAlgorithm,
  type LimitSchema,
  type Tier as TierMessage,
  type TierSchema,
} from '../../../gen/keypool/v1/tier_pb.ts';
import { etagOf } from '../../domain/etag.ts';
import type { Feature, Limit, Tier } from '../../model/tier.ts';
import { fromPolicy } from './tier-policy.ts';
import { durationFromMs, msFromDuration, timestampFrom } from './time.ts';

export function toLimit(limit: TierMessage['features'][number]['limits'][number]): Limit {
  return {
    limit: limit.limit,
    windowMs: limit.window === undefined ? 0 : msFromDuration(limit.window),
    algorithm: limit.algorithm === LimitAlgorithm.FIXED_WINDOW ? 'fixed' : 'sliding',
    guardMs: limit.guard === undefined ? null : msFromDuration(limit.guard),
  };
}

export function toFeatures(features: TierMessage['features']): readonly Feature[] {
  return features.map(({ name, limits }) => ({ name, limits: limits.map(toLimit) }));
}

export function fromLimit(limit: Limit): MessageInitShape<typeof LimitSchema> {
  return {
    limit: limit.limit,
    window: durationFromMs(limit.windowMs),
    algorithm: limit.algorithm === 'fixed' ? LimitAlgorithm.FIXED_WINDOW : LimitAlgorithm.SLIDING_WINDOW,
    guard: limit.guardMs === null ? undefined : durationFromMs(limit.guardMs),
  };
}

function fromFeature({ name, limits }: Feature): MessageInitShape<typeof FeatureSchema> {
  return { name, limits: limits.map(fromLimit) };
}

export function fromTier(tier: Tier): MessageInitShape<typeof TierSchema> {
  return {
    id: tier.id,
    description: tier.description,
    features: tier.features.map(fromFeature),
    ...fromPolicy(tier.policy),
    createTime: timestampFrom(tier.createdAt),
    updateTime: timestampFrom(tier.updatedAt),
    etag: etagOf(tier.revision),
  };
}
