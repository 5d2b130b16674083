import fc from 'fast-check';
import type { Budget } from '../../src/model/budget.ts';
import type { KeyState, OpenTake } from '../../src/model/key.ts';
import { placesOf } from '../../src/model/place.ts';
import { settleTake, type TakeRequest, type Took, takeFromKey } from '../../src/model/take.ts';
import { queueName, type Tier } from '../../src/model/tier.ts';
import { budgetOf, stateOf, takeOf, tierOf } from './key-state.ts';
import { anyLimit } from './meter-run.ts';

const FEATURES = ['a', 'b', 'c'] as const;

/** What may happen to a key: takes with all their varieties, and the edits and recoveries between them. */
export type KeyStep =
  | {
      readonly kind: 'take';
      readonly feature: (typeof FEATURES)[number];
      readonly units: number;
      readonly count: number;
      readonly charge: 'all' | 'rate';
      /** Whether the takes before it are known to be settled. */
      readonly settles: boolean;
      readonly olderRevision: boolean;
    }
  | { readonly kind: 'reset' }
  | { readonly kind: 'toggle' }
  /** A process died: the oldest open take is settled, of which that share (0 to 1) was real. */
  | { readonly kind: 'recover'; readonly real: number };

export interface TimedStep {
  /** Milliseconds that the store's clock moves, also backwards. */
  readonly gapMs: number;
  readonly step: KeyStep;
}

const takeStep = fc.record({
  kind: fc.constant('take' as const),
  feature: fc.constantFrom(...FEATURES),
  units: fc.integer({ min: 1, max: 4 }),
  count: fc.integer({ min: 1, max: 20 }),
  charge: fc.oneof(
    { weight: 9, arbitrary: fc.constant('all' as const) },
    { weight: 1, arbitrary: fc.constant('rate' as const) },
  ),
  settles: fc.boolean(),
  olderRevision: fc.oneof(
    { weight: 9, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
});

const step: fc.Arbitrary<KeyStep> = fc.oneof(
  { weight: 10, arbitrary: takeStep },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('toggle' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('recover' as const),
      real: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
);

const gapMs = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 100 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 5000 }) },
  { weight: 1, arbitrary: fc.integer({ min: -5000, max: 0 }) },
);

export const keySteps: fc.Arbitrary<TimedStep[]> = fc.array(fc.record({ gapMs, step }), {
  minLength: 1,
  maxLength: 120,
});

const budget = fc.record({
  limit: fc.integer({ min: 1, max: 60 }),
  windowMs: fc.option(fc.integer({ min: 100, max: 4000 })),
});

/** A tier of three features, and a key of it with up to four budgets. */
export const keys: fc.Arbitrary<{ readonly tier: Tier; readonly state: KeyState }> = fc
  .record({
    limits: fc.tuple(...FEATURES.map(() => fc.array(anyLimit, { maxLength: 2 }))),
    budgets: fc.array(budget, { maxLength: 4 }),
  })
  .map(({ limits, budgets }) => {
    const tier = { ...tierOf(Object.fromEntries(FEATURES.map((f, i) => [f, limits[i] ?? []]))), revision: 5 };
    const fresh = budgets.map(({ limit, windowMs }, i) => budgetOf(limit, windowMs, i));
    return { tier, state: stateOf(tier, { budgets: fresh }, START) };
  });

const START = 1_000_000;

/** A step that was done: the row before and after; with `request` and `took` where it was a take. */
export interface Done {
  readonly step: KeyStep;
  readonly tier: Tier;
  readonly now: number;
  readonly before: KeyState;
  readonly after: KeyState;
  readonly request: TakeRequest | null;
  readonly took: Took | null;
  /** The open take that a recovery settled, and the units that came back. */
  readonly settled: { readonly entry: OpenTake; readonly back: number } | null;
}

function withPlaces(state: KeyState, tier: Tier, now: number): KeyState {
  return { ...state, ...placesOf(state, tier, now) };
}

function resetBudgets(state: KeyState): KeyState {
  const budgets: readonly Budget[] = state.budgets.map((was, i) => ({
    ...was,
    used: 0,
    startAt: null,
    epoch: state.epoch + 1 + i,
  }));
  return { ...state, budgets, epoch: state.epoch + budgets.length };
}

function recovered(
  state: KeyState,
  real: number,
): { readonly state: KeyState; readonly settled: Done['settled'] } {
  const entry = state.open[0];
  if (entry === undefined) return { state, settled: null };
  const draws = Math.round((entry.n / entry.units) * real);
  const units = draws * entry.units;
  return { state: settleTake(state, entry, units), settled: { entry, back: entry.n - units } };
}

/** Does one step on a row at the store's `now`. */
export function doStep(step: KeyStep, before: KeyState, tier: Tier, now: number): Done {
  const done = { step, tier, now, before, request: null, took: null, settled: null };
  if (step.kind === 'toggle') {
    const state = before.state === 'active' ? 'disabled' : 'active';
    return { ...done, after: withPlaces({ ...before, state }, tier, now) };
  }
  if (step.kind === 'reset') return { ...done, after: withPlaces(resetBudgets(before), tier, now) };
  if (step.kind === 'recover') {
    const { state, settled } = recovered(before, step.real);
    return { ...done, after: withPlaces(state, tier, now), settled };
  }
  const request = takeOf(tier, step.feature, {
    units: step.units,
    count: step.count,
    charge: step.charge,
    settled: step.settles ? before.open.map(({ take }) => take) : [],
    revision: step.olderRevision ? tier.revision - 1 : tier.revision,
  });
  const { state, took } = takeFromKey(before, request, now);
  return { ...done, after: state, request, took };
}

/** Does all steps on one key, one after another. */
export function runKey(
  start: { readonly tier: Tier; readonly state: KeyState },
  run: readonly TimedStep[],
): Done[] {
  let now = START;
  let state = start.state;
  return run.map(({ gapMs: gap, step: next }) => {
    now += gap;
    const done = doStep(next, state, start.tier, Math.max(now, 1));
    state = done.after;
    return done;
  });
}

/** From when on the key may be found in a queue: -Infinity when ready, Infinity when out. */
export function standsFrom(state: Pick<KeyState, 'ready' | 'due'>, tier: Tier, feature: string): number {
  const queue = queueName(tier.id, feature);
  return queue in state.ready ? -Infinity : (state.due[queue] ?? Infinity);
}
