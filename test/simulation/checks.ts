import type { DrawEvent } from '../../src/model/audit.ts';
import { meterId } from '../../src/model/meter.ts';
import { guardMs, type Limit } from '../../src/model/tier.ts';
import type { Leaving } from './keypool-process.ts';
import { type Outcome, runsOut } from './run-schedule.ts';
import { brokenSharing, countedUnits } from './sharing-checks.ts';
import { mostInChain, mostInWindow, type Use, usesOf } from './windows.ts';

/** What a run broke of the promises; empty when all were kept. */
export function brokenPromises(outcome: Outcome): string[] {
  return [
    ...outcome.broken.map((error) => `an error came out: ${error instanceof Error ? error.stack : error}`),
    ...(outcome.isDrained ? [] : ['something still waits: draws, edits or open takes']),
    ...outcome.unaware.map((name) => `${name} does not tell that the clock of the database jumped`),
    ...everyValueAudited(outcome),
    ...oneDrawPerRequest(outcome),
    ...lifetimeBudgetsEnd(outcome),
    ...windowsHold(outcome),
    ...nothingLostInPeace(outcome),
    ...brokenSharing(outcome),
  ];
}

function everyValueAudited({ left, rows }: Outcome): string[] {
  const byId = Map.groupBy(rows, ({ id }) => id);
  const twice = [...byId].filter(([, same]) => same.length > 1).map(([id]) => `draw ${id} is listed twice`);
  const wrong = left.flatMap(({ draw, ask }) => {
    const [row] = byId.get(draw.drawId) ?? [];
    if (row === undefined) return [`draw ${draw.drawId} was served and is not in the audit`];
    const { keyId, tierId, feature, units, requestId } = row;
    const audited = [keyId, tierId, feature, units, requestId, row.withheld].join();
    const named = ask.requestId ?? 'unnamed';
    const served = [draw.keyId, draw.tierId, ask.feature, ask.units, named, false].join();
    return audited === served
      ? []
      : [`draw ${draw.drawId} was served as ${served} and audited as ${audited}`];
  });
  return [...twice, ...wrong];
}

function oneDrawPerRequest({ left }: Outcome): string[] {
  const named = left.filter(({ ask }) => ask.requestId !== null);
  return [...Map.groupBy(named, ({ ask }) => ask.requestId)].flatMap(([requestId, own]) => {
    const ids = new Set(own.map(({ draw }) => draw.drawId));
    return ids.size <= 1 ? [] : [`${requestId} was served as ${[...ids].join(' and ')}`];
  });
}

/** All of a lifetime budget is drawn in the end, and not one unit more. */
function lifetimeBudgetsEnd({ schedule, rows, keys, resets, resetBefore, isDrained }: Outcome): string[] {
  const drawn = new Set(schedule.wishes.map(({ feature }) => feature));
  return keys.flatMap((key) => {
    const planned = schedule.keys.find(({ id }) => id === key.id);
    const limits =
      planned?.budgets.filter(({ windowMs }) => windowMs === null).map(({ limit }) => limit) ?? [];
    if (limits.length === 0) return [];
    const limit = Math.min(...limits);
    const ofKey = rows.filter(({ keyId }) => keyId === key.id);
    const units = unitsOf(ofKey);
    const most = limit * (1 + resets(key.id));
    if (units > most) return [`${key.id}: ${units} units of a budget of ${most}`];
    const since = unitsOf(ofKey.filter(({ id }) => id > (resetBefore(key.id) ?? '')));
    if (since > limit) return [`${key.id}: ${since} units of a budget of ${limit} since its reset`];
    // What a group has no units for stays, and reports may give some back in the end.
    const isShared = schedule.groups.some(({ keyIds }) => keyIds.includes(key.id));
    if (isShared || schedule.reports.unitsShare > 0) return [];
    const features = schedule.tiers.find(({ id }) => id === key.tierId)?.features ?? [];
    if (!isDrained || !features.some(({ name }) => drawn.has(name) && runsOut(schedule, name))) return [];
    const used = key.budgets.find(({ windowMs }) => windowMs === null)?.used;
    const short = used === limit ? [] : [`${key.id}: ${used} of ${limit} units are used in the end`];
    return units === limit || resets(key.id) > 0
      ? short
      : [...short, `${key.id}: ${units} units of ${limit}`];
  });
}

function unitsOf(rows: readonly DrawEvent[]): number {
  return rows.reduce((sum, row) => sum + countedUnits(row), 0);
}

/** A limit as it binds on one key: on one of its features, or as a budget on all (`feature` null). */
interface Bound extends Pick<Limit, 'limit' | 'windowMs' | 'algorithm'> {
  readonly keyId: string;
  readonly feature: string | null;
  readonly guardMs: number;
}

function boundsOf({ tiers, keys }: Outcome['schedule']): Bound[] {
  return keys.flatMap(({ id: keyId, tierId, budgets }) => {
    const features = tiers.find(({ id }) => id === tierId)?.features ?? [];
    const limits = features.flatMap(({ name, limits }) =>
      limits.map((limit) => ({ ...limit, keyId, feature: name, guardMs: leastGuardMs(limit, limits) })),
    );
    const windowed = budgets.flatMap(({ limit, windowMs }) =>
      windowMs === null
        ? []
        : [
            {
              limit,
              windowMs,
              keyId,
              feature: null,
              algorithm: 'fixed' as const,
              guardMs: guardMs({ windowMs }),
            },
          ],
    );
    return [...limits, ...windowed];
  });
}

/** Limits of one algorithm and window share a meter, which the shortest of their guards binds. */
function leastGuardMs(limit: Limit, limits: readonly Limit[]): number {
  return Math.min(...limits.filter((other) => meterId(other) === meterId(limit)).map(guardMs));
}

function windowsHold(outcome: Outcome): string[] {
  const { schedule, rows, left, resets, clockSpreadMs } = outcome;
  const unitsByDraw = new Map(rows.map((row) => [row.id, countedUnits(row)]));
  return boundsOf(schedule).flatMap((bound) => {
    const { keyId, feature, windowMs } = bound;
    const isOurs = (of: string, on: string) => of === keyId && (feature === null || on === feature);
    // A trailing window can meet two fixed ones; a reset begins another.
    const most =
      bound.limit * (bound.algorithm === 'fixed' ? 2 : 1) * (feature === null ? 1 + resets(keyId) : 1);
    const name = `${keyId}, ${feature ?? 'budget'}, ${bound.algorithm} ${bound.limit} in ${windowMs} ms`;
    const own = rows.filter((row) => isOurs(row.keyId, row.feature));
    const sliding = bound.algorithm === 'sliding';
    // By the store's moments a sliding window holds with its whole guard, whatever the clocks did.
    const counted = mostInWindow(own.map(useOfRow), windowMs + (sliding ? bound.guardMs : 0));
    // What lies at least between the last unit of a fixed window and the first of the next.
    const gapMs = bound.guardMs + Math.min(bound.guardMs, windowMs);
    const chain =
      sliding || resets(keyId) > 0
        ? { units: 0, at: 0 }
        : mostInChain(
            own.map((row) => ({ at: row.at, units: countedUnits(row) })),
            gapMs - 1,
          );
    const chained =
      chain.units > bound.limit ? [`${name}: ${chain.units} in one window up to ${chain.at}`] : [];
    const audited = counted.units > most ? [`${name}: ${counted.units} audited up to ${counted.at}`] : [];
    // In true time values leave half a guard later at most; clocks that differ take from what is left of it.
    const trueMs = windowMs + (sliding ? bound.guardMs / 2 : 0) - clockSpreadMs - ROUNDED_MS;
    const mine = left.filter(({ draw, ask }) => isOurs(draw.keyId, ask.feature));
    const served = mostInWindow(usesIn(mine, bound, clockSpreadMs, unitsByDraw), trueMs);
    const late = served.units > most ? [`${name}: ${served.units} served up to ${served.at.toFixed(2)}`] : [];
    return [...audited, ...chained, ...late];
  });
}

/** The store's moments are whole milliseconds. */
const ROUNDED_MS = 2;

function useOfRow(row: DrawEvent): Use {
  return { units: countedUnits(row), moments: [row.at] };
}

/** A retry soon after the draw is the same use, a late one takes its rate units anew, but none of a budget. */
function usesIn(
  left: readonly Leaving[],
  bound: Bound,
  spreadMs: number,
  counted: ReadonlyMap<string, number>,
): Use[] {
  const sameMs = bound.guardMs / 2 + spreadMs + ROUNDED_MS;
  return [...Map.groupBy(left, ({ draw }) => draw.drawId).values()].flatMap((ofDraw) => {
    const uses = usesOf(
      ofDraw.map(({ atMs }) => atMs),
      counted.get(ofDraw[0]?.draw.drawId ?? '') ?? ofDraw[0]?.ask.units ?? 0,
      sameMs,
    );
    if (bound.feature !== null) return uses;
    // What first left with a retry was counted when it was taken, which may be a window before.
    const [first] = ofDraw.toSorted((a, b) => a.atMs - b.atMs);
    return first?.draw.replayed === true ? [] : uses.slice(0, 1);
  });
}

/** Without faults every row is a value that left, or one that was withheld, and nobody is sent away. */
function nothingLostInPeace({ schedule, rows, left, wishesEnded }: Outcome): string[] {
  const { troubles, incidents } = schedule;
  if (incidents.length > 0 || Object.values(troubles).some((rate) => rate > 0)) return [];
  const served = new Set(left.map(({ draw }) => draw.drawId));
  const lost = rows.filter(({ id, withheld }) => !withheld && !served.has(id));
  const failed = [...wishesEnded].filter(([kind]) => kind === 'unavailable' || kind === 'lost');
  return [
    ...lost.map(
      ({ id }) => `draw ${id} is in the audit, was not withheld and reached nobody, without any fault`,
    ),
    ...failed.map(([kind, count]) => `${count} draws ended ${kind}, without any fault`),
  ];
}
