import fc from 'fast-check';
import { countUnder, freeUnderAll, type MeterStates, nextUnderAll } from '../../src/model/meter.ts';
import { type Algorithm, guardMs, type Limit } from '../../src/model/tier.ts';

/** One step of a run: let time pass, or go to the moment when a unit comes back, and then take. */
export interface MeterStep {
  /** Milliseconds to let pass; null: to the moment when the next unit can be had. */
  readonly gapMs: number | null;
  readonly units: number;
  readonly count: number;
}

/** Units that were granted at one moment. */
export interface Granted {
  readonly at: number;
  readonly n: number;
}

export function limitOf(
  algorithm: Algorithm,
  limit: number,
  windowMs: number,
  guard: number | null = null,
): Limit {
  return { algorithm, limit, windowMs, guardMs: guard };
}

/** A limit of a short window, exact or in buckets, with the default guard or a chosen one. */
export function limits(algorithm: Algorithm): fc.Arbitrary<Limit> {
  return fc.record({
    algorithm: fc.constant(algorithm),
    limit: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 500 })),
    windowMs: fc.integer({ min: 100, max: 10_000 }),
    guardMs: fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 2000 })),
  });
}

export const anyLimit = fc.oneof(limits('sliding'), limits('fixed'));

const gap = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 50 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 3000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 15_000 }) },
);

export const steps = fc.array(
  fc.record({
    gapMs: gap,
    units: fc.integer({ min: 1, max: 5 }),
    count: fc.integer({ min: 1, max: 60 }),
  }),
  { minLength: 1, maxLength: 60 },
);

export interface MeterRun {
  readonly log: readonly Granted[];
  /** The states after each step. */
  readonly states: readonly MeterStates[];
}

/** What a take under limits alone gives. */
export interface MeterTake {
  /** Units granted: a multiple of `units`, 0 to `units * count`. */
  readonly granted: number;
  /** The states after the grant, pruned of what no longer counts. */
  readonly states: MeterStates;
  /** When one unit can be had after this grant, in ms; `now` when at once. */
  readonly nextOneAt: number;
  /** When `units` can be had after this grant; null when no waiting helps. */
  readonly nextAt: number | null;
}

/** Grants as many draws of `units` as all limits allow at `now`, at most `count`. */
export function takeUnits(
  states: MeterStates,
  under: readonly Limit[],
  want: { readonly units: number; readonly count: number },
  now: number,
): MeterTake {
  const free = freeUnderAll(states, under, now);
  const granted = Math.floor(Math.min(free, want.units * want.count) / want.units) * want.units;
  const after = countUnder(states, under, granted, now);
  return {
    granted,
    states: after,
    nextOneAt: nextUnderAll(after, under, 1, now) ?? now,
    nextAt: nextUnderAll(after, under, want.units, now),
  };
}

/** Takes step by step under limits that hold together, from a key that has counted nothing. */
export function runMeter(under: readonly Limit[], run: readonly MeterStep[]): MeterRun {
  let states: MeterStates = {};
  let now = 1_000_000;
  let next = now;
  const log: Granted[] = [];
  const all: MeterStates[] = [];
  for (const { gapMs, units, count } of run) {
    now = gapMs === null ? Math.max(now, next) : now + gapMs;
    const took = takeUnits(states, under, { units, count }, now);
    states = took.states;
    next = took.nextOneAt;
    all.push(states);
    if (took.granted > 0) log.push({ at: now, n: took.granted });
  }
  return { log, states: all };
}

/** The most units in any window `[x, x + windowMs)`: one that begins with a grant is the fullest of its kind. */
export function fullestWindow(log: readonly Granted[], windowMs: number): number {
  const sorted = log.toSorted((a, b) => a.at - b.at);
  let fullest = 0;
  let sum = 0;
  let first = 0;
  for (const { at, n } of sorted) {
    sum += n;
    for (let oldest = sorted[first]; oldest !== undefined && oldest.at <= at - windowMs; ) {
      sum -= oldest.n;
      first += 1;
      oldest = sorted[first];
    }
    fullest = Math.max(fullest, sum);
  }
  return fullest;
}

/** Each unit on its own, leaving up to half a guard after its grant, as the fractions (0 to 1) say. */
export function leaving(log: readonly Granted[], limit: Limit, delays: readonly number[]): Granted[] {
  const half = guardMs(limit) / 2;
  let unit = 0;
  return log.flatMap(({ at, n }) =>
    Array.from({ length: n }, () => {
      unit += 1;
      return { at: at + half * (delays[unit % delays.length] ?? 0), n: 1 };
    }),
  );
}
