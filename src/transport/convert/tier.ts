import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type FeatureSchema,
  LimitAlgorithm,
  type Tier as TierMessage,
  type TierSchema,
} from '../../../gen/keypool/v1/tier_pb.ts';
import { etagOf } from '../../domain/etag.ts';
import type { Feature, Limit, Tier } from '../../model/tier.ts';
import { durationFromMs, msFromDuration, timestampFrom } from './time.ts';

function toLimit(limit: TierMessage['features'][number]['limits'][number]): Limit {
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

function fromFeature({ name, limits }: Feature): MessageInitShape<typeof FeatureSchema> {
  return {
    name,
    limits: limits.map((limit) => ({
      limit: limit.limit,
      window: durationFromMs(limit.windowMs),
      algorithm: limit.algorithm === 'fixed' ? LimitAlgorithm.FIXED_WINDOW : LimitAlgorithm.SLIDING_WINDOW,
      guard: limit.guardMs === null ? undefined : durationFromMs(limit.guardMs),
    })),
  };
}

export function fromTier(tier: Tier): MessageInitShape<typeof TierSchema> {
  return {
    id: tier.id,
    description: tier.description,
    features: tier.features.map(fromFeature),
    createTime: timestampFrom(tier.createdAt),
    updateTime: timestampFrom(tier.updatedAt),
    etag: etagOf(tier.revision),
  };
}
