import assert from 'node:assert/strict';
import { type AuditRow, assertWindows } from '../support/audit-rows.ts';
import type { Load, ServedDraw } from '../support/load-callers.ts';
import type { RatedPool } from './pools.ts';

/**
 * Judges a limit twice: by the moments of the takes in the audit, in windows that are longer by the guard, and by the
 * moments at which callers were given the values, in windows as they were set. Gives how many windows were looked at.
 */
export function assertLimit(
  { id, limit: { limit, windowMs, guardMs } }: RatedPool,
  rows: readonly AuditRow[],
  served: readonly ServedDraw[],
): number {
  const own = rows.filter(({ feature }) => feature === id);
  assertWindows(own, limit, windowMs + guardMs);
  const seen = served.filter(({ tierId }) => tierId === id);
  for (const draws of Map.groupBy(seen, ({ keyId }) => keyId).values())
    assertSeenWindows(draws, limit, windowMs);
  return own.length + seen.length;
}

/** A value left somewhere between its call and its answer: no window may hold more than the limit with both in it. */
function assertSeenWindows(draws: readonly ServedDraw[], limit: number, windowMs: number): void {
  const ordered = draws.toSorted((a, b) => a.answeredAt - b.answeredAt);
  for (const [end, { answeredAt, keyId }] of ordered.entries()) {
    const begin = answeredAt - windowMs;
    let units = 0;
    for (let index = end; index >= 0; index--) {
      const draw = ordered[index];
      if (draw === undefined || draw.answeredAt <= begin) break;
      if (draw.sentAt > begin) units += draw.units;
    }
    assert.ok(units <= limit, `key ${keyId}: callers were given ${units} units in ${windowMs} ms`);
  }
}

/**
 * What callers may be told while processes and primaries come and go: all of it passes. DEADLINE_EXCEEDED: the call met
 * several of them, one after another.
 */
const PASSING = new Set([
  'POOL_EXHAUSTED',
  'STORE_UNAVAILABLE',
  'SHUTTING_DOWN',
  'OVERLOADED',
  'DEADLINE_EXCEEDED',
]);

/** Nobody was told that something is wrong for good. */
export function assertPassing({ refused }: Load): void {
  const lasting = refused.filter(({ reason }) => !PASSING.has(reason));
  const told = lasting.map(
    ({ feature, reason, message, answeredAt }) =>
      `${feature} at ${Math.round(answeredAt)} ms: ${reason} (${message})`,
  );
  assert.deepEqual(told, []);
}

/** A request id that was asked for again and again has one draw whose value may have left. */
export function assertNamedOnce(rows: readonly AuditRow[], prefix: string): void {
  const named = rows.filter(({ requestId, withheld }) => requestId.startsWith(prefix) && !withheld);
  assert.equal(new Set(named.map(({ requestId }) => requestId)).size, named.length);
}
