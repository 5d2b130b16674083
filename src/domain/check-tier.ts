import type { Feature, Limit } from '../model/tier.ts';
import type { TierPolicy } from '../model/tier-policy.ts';
import { checkDistinct, checkInteger, checkLength, must, type Violations } from './check-field.ts';
import { checkTierPolicy } from './check-tier-policy.ts';

const TIER_ID = /^[a-z0-9_-]{1,63}$/;
const FEATURE_NAME = /^[a-z0-9_:-]{1,63}$/;
const DESCRIPTION_MAX = 2000;
const FEATURES_MAX = 100;
const LIMITS_MAX = 4;
const LIMIT_MAX = 1_000_000_000;
const WINDOW_MIN_MS = 100;
const WINDOW_MAX_MS = 366 * 86_400_000;
const GUARD_MIN_MS = 50;
const GUARD_MAX_MS = 3_600_000;

function checkLimit(limit: Limit, into: Violations, path: string): void {
  checkInteger(limit.limit, 1, LIMIT_MAX, into, `${path}.limit`);
  const windowHolds =
    Number.isSafeInteger(limit.windowMs) &&
    limit.windowMs >= WINDOW_MIN_MS &&
    limit.windowMs <= WINDOW_MAX_MS;
  must(windowHolds, into, `${path}.window`, 'must be 0.1s to 366 days, in whole milliseconds');
  if (limit.guardMs === null) return;
  const guardHolds =
    Number.isSafeInteger(limit.guardMs) && limit.guardMs >= GUARD_MIN_MS && limit.guardMs <= GUARD_MAX_MS;
  must(guardHolds, into, `${path}.guard`, 'must be 0.05s to 1 hour, in whole milliseconds');
  must(limit.guardMs <= limit.windowMs, into, `${path}.guard`, 'must not be longer than window');
}

/** What is wrong with the limits of a feature, or of a quota group, at `path` in the request. */
export function checkLimits(
  limits: readonly Limit[],
  into: Violations,
  path: string,
  of: 'feature' | 'group',
): void {
  must(limits.length <= LIMITS_MAX, into, path, `must be at most ${LIMITS_MAX}`);
  for (const [i, limit] of limits.entries()) checkLimit(limit, into, `${path}[${i}]`);
  checkDistinct(
    limits,
    (limit) => `${limit.algorithm} ${limit.windowMs}`,
    into,
    (i) => `${path}[${i}]`,
    `no two limits of a ${of} may have the same algorithm and window`,
  );
}

function checkFeature(feature: Feature, into: Violations, path: string): void {
  must(FEATURE_NAME.test(feature.name), into, `${path}.name`, 'must be 1 to 63 of a-z 0-9 _ : -');
  checkLimits(feature.limits, into, `${path}.limits`, 'feature');
}

/** What is wrong with these fields of a tier; those not given are left aside. */
export function checkTier(fields: {
  readonly id?: string;
  readonly description?: string;
  readonly features?: readonly Feature[];
  readonly policy?: Partial<TierPolicy>;
}): Violations {
  const into: Violations = [];
  const { id, description, features } = fields;
  if (id !== undefined) must(TIER_ID.test(id), into, 'tier.id', 'must be 1 to 63 of a-z 0-9 _ -');
  if (description !== undefined) checkLength(description, DESCRIPTION_MAX, into, 'tier.description');
  if (fields.policy !== undefined) checkTierPolicy(fields.policy, into, 'tier');
  if (features === undefined) return into;
  const countHolds = features.length >= 1 && features.length <= FEATURES_MAX;
  must(countHolds, into, 'tier.features', `name 1 to ${FEATURES_MAX} features`);
  for (const [i, feature] of features.entries()) checkFeature(feature, into, `tier.features[${i}]`);
  checkDistinct(
    features,
    (feature) => feature.name,
    into,
    (i) => `tier.features[${i}].name`,
    'name each feature once',
  );
  return into;
}
