import type { UpstreamCall, UpstreamLimit, UpstreamPlan, UpstreamReport } from './upstream-plan.ts';
import type { UpstreamPool } from './upstream-pool.ts';

/** Calls that were refused for a limit: those that counting as the upstream does would not have made. */
export function refusedForLimits({ calls }: Pick<UpstreamReport, 'calls'>): readonly UpstreamCall[] {
  return calls.filter(({ refused }) => refused !== null && refused !== 'banned');
}

/** How often each cause was met. */
export function causesOf(calls: readonly UpstreamCall[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { refused } of calls) if (refused !== null) counts[refused] = (counts[refused] ?? 0) + 1;
  return counts;
}

/** What bounds keys together: a key's own limit, or the quota of several. */
interface Account {
  readonly values: ReadonlySet<string>;
  readonly limit: UpstreamLimit;
}

function accountsOf(
  { keys }: Pick<UpstreamPool, 'keys'>,
  quotas: UpstreamPlan['quotas'],
): readonly Account[] {
  // A key that is banned for a while has no capacity of which all could be used.
  const steady = keys.filter(({ banned }) => banned === null);
  const alone = steady.filter(({ quota }) => quota === null);
  const shared = Object.entries(quotas).map(([name, limit]) => {
    const ofQuota = steady.filter(({ quota }) => quota === name);
    return { values: new Set(ofQuota.map(({ value }) => value)), limit };
  });
  return [...alone.map(({ value, own }) => ({ values: new Set([value]), limit: own })), ...shared];
}

/**
 * The part of the upstream's true capacity that was used from `fromAt` on for `forMs`, a whole number of all windows: so
 * many windows have no more than so many times their limit.
 */
export function shareUsed(
  pool: Pick<UpstreamPool, 'keys'>,
  quotas: UpstreamPlan['quotas'],
  { calls }: Pick<UpstreamReport, 'calls'>,
  { fromAt, forMs }: { readonly fromAt: number; readonly forMs: number },
): number {
  const accounts = accountsOf(pool, quotas);
  const counted = calls.filter(({ at, refused }) => refused === null && at >= fromAt && at < fromAt + forMs);
  let used = 0;
  let possible = 0;
  for (const { values, limit } of accounts) {
    used += counted.filter(({ value }) => values.has(value)).length;
    possible += limit.limit * Math.floor(forMs / limit.windowMs);
  }
  return used / possible;
}

/**
 * The share in the long run, whatever stretch is looked at: a window's length against the time that lay between a call and
 * the one that came as many calls later as the limit is, which the upstream lets be no shorter.
 */
export function steadyShare(
  pool: Pick<UpstreamPool, 'keys'>,
  quotas: UpstreamPlan['quotas'],
  { calls }: Pick<UpstreamReport, 'calls'>,
): number {
  const counted = calls.filter(({ refused }) => refused === null);
  let windowsMs = 0;
  let turnsMs = 0;
  for (const { values, limit } of accountsOf(pool, quotas)) {
    const moments = counted.filter(({ value }) => values.has(value)).map(({ at }) => at);
    for (const [i, at] of moments.slice(limit.limit).entries()) {
      windowsMs += limit.windowMs;
      turnsMs += at - (moments[i] ?? at);
    }
  }
  return windowsMs / turnsMs;
}
