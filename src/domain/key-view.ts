import { type Condition, conditionOf } from '../model/condition.ts';
import { cooldownsAt } from '../model/cooldown.ts';
import { inFlight, reservedUnits } from '../model/hold.ts';
import { type Key, WHOLE_KEY } from '../model/key.ts';
import { windowOfMeter } from '../model/meter.ts';
import { failureStreak } from '../model/trial.ts';
import { type BudgetView, viewBudget } from './budget-view.ts';
import { etagOf } from './etag.ts';

export type { BudgetView } from './budget-view.ts';

/** Something of a key that rests: a feature, or (null) all of them, until `endAt` (ms). */
export interface CooldownView {
  readonly feature: string | null;
  readonly endAt: number;
}

/** A limit of a feature that refusals have taught. */
export interface LearnedView {
  readonly feature: string;
  readonly windowMs: number;
  readonly limit: number;
  /** When it was refused more, in ms. */
  readonly learnedAt: number;
}

/** A key as admins see it: without its value, its secrets and what the engine keeps. Times in ms. */
export interface KeyView
  extends Pick<
    Key,
    | 'id'
    | 'name'
    | 'tierId'
    | 'valueHint'
    | 'metadata'
    | 'state'
    | 'stateReason'
    | 'expireAt'
    | 'traits'
    | 'createdAt'
    | 'updatedAt'
  > {
  /** In alphabetical order. */
  readonly secretNames: readonly string[];
  readonly budgets: readonly BudgetView[];
  readonly condition: Condition;
  /** See `conditionOf`. */
  readonly availableAt: number | null;
  /** Null when it was never drawn. */
  readonly lastDrawnAt: number | null;
  /** Draws that wait for their report. */
  readonly inFlight: number;
  /** Outcomes in a row that speak against it. */
  readonly failureStreak: number;
  /** What rests now, the whole key first. */
  readonly cooldowns: readonly CooldownView[];
  readonly learnedLimits: readonly LearnedView[];
  /** Null when it is not quarantined. */
  readonly quarantinedAt: number | null;
  /** From when on it may be drawn on trial; null when it may not, or only by hand. */
  readonly trialAt: number | null;
  readonly etag: string;
}

function cooldownsOf({ health }: Key, now: number): readonly CooldownView[] {
  return cooldownsAt(health, now).map(({ feature, until }) => ({
    feature: feature === WHOLE_KEY ? null : feature,
    endAt: until,
  }));
}

function learnedLimitsOf({ health }: Key): readonly LearnedView[] {
  return Object.entries(health.learned).flatMap(([feature, learned]) =>
    Object.entries(learned).map(([meter, { units, since }]) => ({
      feature,
      windowMs: windowOfMeter(meter),
      limit: units,
      learnedAt: since,
    })),
  );
}

/** A key as it is at `now`. */
export function viewKey(key: Key, now: number): KeyView {
  const reserved = reservedUnits(key, now);
  const { health } = key;
  return {
    id: key.id,
    name: key.name,
    tierId: key.tierId,
    valueHint: key.valueHint,
    secretNames: Object.keys(key.secrets).sort(),
    metadata: key.metadata,
    state: key.state,
    stateReason: key.stateReason,
    expireAt: key.expireAt,
    traits: key.traits,
    budgets: key.budgets.map((budget) => viewBudget(budget, reserved, now)),
    ...conditionOf(key, now),
    lastDrawnAt: key.takenAt === 0 ? null : key.takenAt,
    inFlight: inFlight(key, now),
    failureStreak: failureStreak(health),
    cooldowns: cooldownsOf(key, now),
    learnedLimits: learnedLimitsOf(key),
    quarantinedAt: health.quarantinedAt,
    trialAt: health.trialAt,
    createdAt: key.createdAt,
    updatedAt: key.updatedAt,
    etag: etagOf(key.version),
  };
}
