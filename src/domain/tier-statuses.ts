import type { Condition } from '../model/condition.ts';
import type { KeyLifecycle } from '../model/key.ts';
import type { ScannedKey } from '../model/key-order.ts';
import type { Tier } from '../model/tier.ts';
import { countKeys, type KeyCounts } from '../model/tier-keys.ts';
import type { Context } from './context.ts';
import { nextTurn } from './next-turn.ts';

/** What the keys of a tier are like, of which so many were looked at. */
export interface TierStatus extends KeyCounts {
  readonly tierId: string;
  /** True when it has more keys. */
  readonly capped: boolean;
}

/** What tiers are put in order by, `id` unless said. */
export type TierStatusOrder = 'id' | 'state' | 'cooling_until' | 'remaining' | 'failure_streak';

/** Which tiers to tell about. */
export interface TierStatusQuery {
  readonly tierId?: string;
  /** Only those that have such a key. */
  readonly state?: KeyLifecycle;
  readonly condition?: Condition;
  readonly minFailureStreak?: number;
  readonly orderBy?: TierStatusOrder;
  readonly descending?: boolean;
}

export interface TierStatuses {
  readonly tiers: readonly TierStatus[];
  /** True when not all tiers were looked at. */
  readonly tiersCapped: boolean;
}

/** Keys that one status looks at, and of one tier unless it alone is asked for. */
const KEYS_MAX = 10_000;
const KEYS_OF_TIER_MAX = 1000;
const BATCH = 250;
/** What a tier counts for at least: one without keys costs a read too. */
const KEYS_OF_TIER_MIN = 50;

async function keysOf(context: Context, tierId: string, max: number): Promise<readonly ScannedKey[]> {
  const keys: ScannedKey[] = [];
  while (keys.length < max) {
    const limit = Math.min(BATCH, max - keys.length);
    const from = { after: keys.at(-1)?.id ?? null, descending: false, limit };
    const some = await context.store.scanKeys({ tierId }, from);
    keys.push(...some);
    if (some.length < limit) break;
    // A status must not crowd out the draws.
    await nextTurn(context);
  }
  return keys;
}

async function statusOf(context: Context, tierId: string, max: number): Promise<TierStatus> {
  const keys = await keysOf(context, tierId, max + 1);
  const counts = countKeys(keys.slice(0, max), context.store.now());
  return { tierId, capped: keys.length > max, ...counts };
}

function isAskedFor(status: TierStatus, { state, condition, minFailureStreak }: TierStatusQuery): boolean {
  return (
    (state === undefined || status.states.has(state)) &&
    (condition === undefined || status.conditions.has(condition)) &&
    (minFailureStreak === undefined || status.longestStreak >= minFailureStreak)
  );
}

/** What a tier is ordered by, the smallest first; null where it has nothing of the kind. */
function orderedBy(status: TierStatus, order: TierStatusOrder): number | null {
  switch (order) {
    case 'id':
      return 0;
    case 'state':
      return (status.states.get('active') ?? 0) - status.keys || null;
    case 'cooling_until':
      return status.nextCoolingEndAt;
    case 'remaining':
      return status.leastRemaining;
    case 'failure_streak':
      return -status.longestStreak || null;
  }
}

function compare(
  a: TierStatus,
  b: TierStatus,
  { orderBy = 'id', descending = false }: TierStatusQuery,
): number {
  const sign = descending ? -1 : 1;
  const [left, right] = [orderedBy(a, orderBy), orderedBy(b, orderBy)];
  if (left !== right) {
    if (left === null) return 1;
    return right === null ? -1 : sign * (left - right);
  }
  const byId = a.tierId < b.tierId ? -1 : 1;
  return orderBy === 'id' ? sign * byId : byId;
}

/** What the keys of `tiers` are like: of the first of them by id, as many as the keys that are looked at allow. */
export async function tierStatuses(
  context: Context,
  tiers: readonly Tier[],
  query: TierStatusQuery,
): Promise<TierStatuses> {
  const { tierId } = query;
  const ids = tiers.map(({ id }) => id).filter((id) => tierId === undefined || id === tierId);
  const perTier = tierId === undefined ? KEYS_OF_TIER_MAX : KEYS_MAX;
  const found: TierStatus[] = [];
  let looked = 0;
  let left = ids.length;
  for (const id of ids.toSorted()) {
    if (looked >= KEYS_MAX) break;
    const status = await statusOf(context, id, Math.min(perTier, KEYS_MAX - looked));
    looked += Math.max(KEYS_OF_TIER_MIN, status.keys);
    left -= 1;
    if (isAskedFor(status, query)) found.push(status);
  }
  return { tiers: found.toSorted((a, b) => compare(a, b, query)), tiersCapped: left > 0 };
}
