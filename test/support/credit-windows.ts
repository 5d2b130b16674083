import assert from 'node:assert/strict';

/** Credits that were granted at one moment (ms). */
export interface GrantedCredits {
  readonly at: number;
  readonly cost: number;
}

/** The most that was granted within any window that ends with a grant: none other can hold more. */
export function mostInWindow(grants: readonly GrantedCredits[], windowMs: number): number {
  const sorted = [...grants].sort((a, b) => a.at - b.at);
  let most = 0;
  let inside = 0;
  let first = 0;
  for (const { at, cost } of sorted) {
    inside += cost;
    for (
      let oldest = sorted[first];
      oldest !== undefined && oldest.at <= at - windowMs;
      oldest = sorted[first]
    ) {
      inside -= oldest.cost;
      first += 1;
    }
    most = Math.max(most, inside);
  }
  return most;
}

/** In no trailing window more than the limit, for each pool. */
export function assertWithinLimits(
  grants: ReadonlyMap<string, readonly GrantedCredits[]>,
  limitOf: (pool: string) => number,
  windowMs: number,
): void {
  for (const [pool, granted] of grants) {
    const most = mostInWindow(granted, windowMs);
    assert.ok(most <= limitOf(pool), `${pool}: ${most} credits of ${limitOf(pool)} in ${windowMs} ms`);
  }
}

/** All credits of some grants. */
export function creditsOf(grants: readonly GrantedCredits[]): number {
  return grants.reduce((sum, { cost }) => sum + cost, 0);
}
