import type { DrawEvent } from '../../src/model/audit.ts';
import { guardMs } from '../../src/model/tier.ts';
import { EPOCH_MS } from './document-store/replica-set.ts';
import type { Outcome } from './run-schedule.ts';
import { mostInWindow } from './windows.ts';

/** What a draw counts for in the end: what was drawn, or what was reported of it. */
export function settledUnits({ units, report }: DrawEvent): number {
  return report?.units ?? units;
}

/** What of a draw has counted from its moment on: what was used beyond it counts from its report. */
export function countedUnits(event: DrawEvent): number {
  return Math.min(event.units, settledUnits(event));
}

/** What a run broke of what is promised of quota groups, draws in flight, and reports. */
export function brokenSharing(outcome: Outcome): string[] {
  return [
    ...groupsHold(outcome),
    ...groupBudgetsExact(outcome),
    ...keyBudgetsExact(outcome),
    ...inFlightHolds(outcome),
    ...failuresCountOnce(outcome),
  ];
}

function sumOf(events: readonly DrawEvent[], count: (event: DrawEvent) => number): number {
  return events.reduce((sum, event) => sum + count(event), 0);
}

/** In no trailing window of a group's sliding limits do more units leave than it says, whichever of its keys they are of. */
function groupsHold({ schedule, rows, left, clockSpreadMs }: Outcome): string[] {
  const counted = new Map(rows.map((row) => [row.id, countedUnits(row)]));
  return schedule.groups.flatMap(({ id, limits, keyIds }) =>
    limits.flatMap((limit) => {
      const most = limit.limit * (limit.algorithm === 'fixed' ? 2 : 1);
      const spare = limit.algorithm === 'sliding' ? guardMs(limit) / 2 : 0;
      const firsts = new Map<string, number>();
      for (const { draw, atMs } of left)
        if (keyIds.includes(draw.keyId))
          firsts.set(draw.drawId, Math.min(atMs, firsts.get(draw.drawId) ?? atMs));
      const uses = [...firsts].map(([drawId, atMs]) => ({
        units: counted.get(drawId) ?? 0,
        moments: [atMs],
      }));
      const { units, at } = mostInWindow(uses, limit.windowMs + spare - clockSpreadMs - ROUNDED_MS);
      return units > most
        ? [`group ${id}: ${units} of ${limit.limit} in ${limit.windowMs} ms up to ${at}`]
        : [];
    }),
  );
}

/** The store's moments are whole milliseconds. */
const ROUNDED_MS = 2;

/** A group's budget for life counts what its keys have on record, and never grants more than it has. */
function groupBudgetsExact({ schedule, rows, groups, isDrained }: Outcome): string[] {
  return schedule.groups.flatMap(({ id, keyIds }) => {
    const own = rows.filter(({ keyId }) => keyIds.includes(keyId));
    const budgets = groups.find((group) => group.id === id)?.budgets ?? [];
    return budgets.flatMap(({ limit, windowMs, used }) => {
      if (windowMs !== null) return [];
      const counted = sumOf(own, countedUnits);
      const settled = sumOf(own, settledUnits);
      const over = counted > limit ? [`group ${id}: ${counted} units of a budget of ${limit}`] : [];
      const wrong =
        isDrained && used !== settled ? [`group ${id} counts ${used} units, ${settled} are on record`] : [];
      return [...over, ...wrong];
    });
  });
}

/** A key's budget for life counts what is on record of it: each report once. */
function keyBudgetsExact({ rows, keys, resets, isDrained }: Outcome): string[] {
  if (!isDrained) return [];
  return keys.flatMap(({ id, budgets }) => {
    const life = budgets.find(({ windowMs }) => windowMs === null);
    if (life === undefined || resets(id) > 0) return [];
    const settled = sumOf(
      rows.filter(({ keyId }) => keyId === id),
      settledUnits,
    );
    return life.used === settled ? [] : [`${id} counts ${life.used} units, ${settled} are on record`];
  });
}

/** Draws that left and are neither reported nor over are never more than the cap. */
function inFlightHolds({ schedule, rows, left, reportedAt }: Outcome): string[] {
  // Where a clock was set nothing is said of when holds end.
  if (schedule.incidents.some(({ incident }) => incident.kind === 'clock-step')) return [];
  const offMs = Math.max(...schedule.clockOffsetsMs.map(Math.abs)) + ROUNDED_MS;
  const rowOf = new Map(rows.map((row) => [row.id, row]));
  return schedule.tiers.flatMap(({ id: tierId, policy: { settleTimeoutMs, maxInFlight } }) => {
    if (settleTimeoutMs === null || maxInFlight === null) return [];
    const leftAt = new Map<string, number>();
    for (const { draw, atMs } of left) if (!leftAt.has(draw.drawId)) leftAt.set(draw.drawId, atMs);
    const spans = [...leftAt].flatMap(([drawId, from]) => {
      const row = rowOf.get(drawId);
      if (row === undefined || row.tierId !== tierId) return [];
      const until = row.at - EPOCH_MS + settleTimeoutMs - offMs;
      return [{ keyId: row.keyId, from, until: Math.min(until, reportedAt.get(drawId) ?? Infinity) }];
    });
    return spans.flatMap(({ keyId, from }) => {
      const count = spans.filter((one) => one.keyId === keyId && one.from <= from && from < one.until).length;
      return count > maxInFlight ? [`${keyId}: ${count} draws in flight at ${from}, of ${maxInFlight}`] : [];
    });
  });
}

/** A key has no more failures in a row than were reported of its draws. */
function failuresCountOnce({ rows, keys }: Outcome): string[] {
  return keys.flatMap(({ id, health }) => {
    const counted = health.failures.upstream_error ?? 0;
    const own = rows.filter(({ keyId, report }) => keyId === id && report?.outcome === 'upstream_error');
    return counted > own.length ? [`${id} counts ${counted} failures, ${own.length} were reported`] : [];
  });
}
