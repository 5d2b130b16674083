import { refundBudget } from './budget.ts';
import { coolingUntil } from './cooldown.ts';
import { drawn, grant } from './grant.ts';
import { type KeyState, type Places, WHOLE_KEY } from './key.ts';
import { latest } from './meter.ts';
import { featureNextAt, keyNextAt, keyWaits, NOWHERE, parkedUntil } from './place.ts';
import type { Limit, QueueName } from './tier.ts';
import type { TierPolicy } from './tier-policy.ts';
import { admittedAt, healthAt } from './trial.ts';

/** What one take asks of one key's row. */
export interface TakeRequest {
  /** Unique id of the take; its audit rows are `<take>.<serial>`. */
  readonly take: string;
  readonly queue: QueueName;
  readonly feature: string;
  /** The feature's limits as of `revision` of the tier. */
  readonly limits: readonly Limit[];
  /** Of the same revision. */
  readonly policy: TierPolicy;
  readonly revision: number;
  /** Units of each draw (≥ 1) and how many draws at most (≥ 1). */
  readonly units: number;
  readonly count: number;
  /** The rank of this use. */
  readonly rank: number;
  /** How long from the take on its audit rows may be sent, in ms; 0 where they commit with it: nothing stays open. */
  readonly openMs: number;
  /** Takes of this row whose audit is known to be settled; their entries leave with this update. */
  readonly settled: readonly string[];
  /** `rate`: a late retry of a draw whose budget units are already taken. */
  readonly charge: 'all' | 'rate';
}

/** Why a take granted what it did. `short`: something is left, but less than `units`: the place stays. */
export type TakeReason = 'granted' | 'exhausted' | 'short' | 'unusable' | 'stale';

/** The answer of a take, kept in the row as its last one. */
export interface Took {
  readonly take: string;
  readonly reason: TakeReason;
  /** Units granted: a multiple of `units`. */
  readonly granted: number;
  /** The moment of the take by the store, never before an earlier take of the row (ms). */
  readonly at: number;
  /** When `units` can next be had from this key (ms); null when waiting does not help. */
  readonly nextAt: number | null;
}

export interface TakeResult {
  readonly state: KeyState;
  readonly took: Took;
}

function without<T>(record: Readonly<Record<QueueName, T>>, queue: QueueName): Record<QueueName, T> {
  const { [queue]: _gone, ...rest } = record;
  return rest;
}

/** When `units` of the request's feature can next be had; null when waiting does not help. */
function nextFor(state: KeyState, request: TakeRequest, units: number, now: number): number | null {
  const { policy } = request;
  return latest(
    [keyNextAt(state, policy, units, now), featureNextAt(state, policy, request, units, now)],
    now,
  );
}

/** The same for a late retry, whose budget units and slot are taken. */
function nextForRate(state: KeyState, request: TakeRequest, now: number): number | null {
  const { policy, units } = request;
  return latest(
    [
      admittedAt(state, now),
      coolingUntil(state.health, WHOLE_KEY),
      featureNextAt(state, policy, request, units, now),
    ],
    now,
  );
}

/** When the request's next draw can be had; `unitAt`: when one unit can. */
function nextDrawAt(
  state: KeyState,
  request: TakeRequest,
  unitAt: number | null,
  now: number,
): number | null {
  if (request.charge === 'rate') return nextForRate(state, request, now);
  return request.units === 1 ? unitAt : nextFor(state, request, request.units, now);
}

/** All places of a key of which no feature can be drawn: parked until it has a unit again (`at`), or out. */
function waitingPlaces(state: KeyState, request: TakeRequest, at: number | null, now: number): Places {
  const keyAt = keyNextAt(state, request.policy, 1, now);
  if (keyAt === null || at === null) return NOWHERE;
  // Only of the feature at hand are the limits known here; the other queues find out when they try.
  const { ready, due } = parkedUntil(state, keyAt);
  return { ready, due: { ...due, [request.queue]: at } };
}

/** The places after a take on `request.queue`, from a state in which all else is final; `at`: when it has a unit again. */
function placesAfter(
  state: KeyState,
  request: TakeRequest,
  granted: number,
  at: number | null,
  now: number,
): Places {
  const { queue, policy } = request;
  if (keyWaits(state, policy, now)) return waitingPlaces(state, request, at, now);
  if (at === null || at > now) {
    const due = without(state.due, queue);
    if (at !== null) due[queue] = at;
    return { ready: without(state.ready, queue), due };
  }
  if (granted === 0) return { ready: state.ready, due: state.due };
  const rank = state.lastRank[queue] ?? request.rank;
  return { ready: { ...state.ready, [queue]: rank }, due: without(state.due, queue) };
}

/** The row as it is at `now`, to one take: without entries that are settled, and with trials over that are. */
function seenBy(before: KeyState, request: TakeRequest, now: number): KeyState {
  return {
    ...before,
    open: before.open.filter((take) => !request.settled.includes(take.take)),
    health: healthAt(before.health, request.policy, now),
  };
}

/**
 * One atomic update of a key's row that grants 0 to `count` draws. No limit, no budget and no in-flight cap is passed, and
 * no rest is broken, whatever ran before; the store's time never runs backwards within a row. Both stores give exactly
 * this answer.
 */
export function takeFromKey(before: KeyState, request: TakeRequest, storeNow: number): TakeResult {
  const now = Math.max(storeNow, before.takenAt);
  const seen = seenBy(before, request, now);
  const refuse = (state: KeyState, reason: TakeReason, nextAt: number | null): TakeResult => ({
    state,
    took: { take: request.take, reason, granted: 0, at: now, nextAt },
  });
  if (request.revision < before.revision) return refuse({ ...seen, health: before.health }, 'stale', null);
  const current: KeyState = { ...seen, revision: request.revision };
  if (admittedAt(current, now) === null) return refuse({ ...current, ...NOWHERE }, 'unusable', null);
  // A retry is no trial.
  if (request.charge === 'rate' && current.state !== 'active') return refuse(current, 'unusable', null);
  const granted = grant(current, request, now);
  const after = granted > 0 ? drawn(current, request, granted, now) : current;
  const unitAt = nextFor(after, request, 1, now);
  const state = { ...after, ...placesAfter(after, request, granted, unitAt, now) };
  const nextAt = nextDrawAt(state, request, unitAt, now);
  if (granted > 0)
    return { state, took: { take: request.take, reason: 'granted', granted, at: now, nextAt } };
  const stays = request.queue in state.ready || (state.due[request.queue] ?? Infinity) <= now;
  return refuse(state, stays ? 'short' : 'exhausted', nextAt);
}

/** Puts back what a settled take of a key, or of a quota group, did not use: into the same epochs only, and only once per entry. */
export function settleTake<T extends Pick<KeyState, 'open' | 'budgets'>>(
  before: T,
  take: { readonly take: string; readonly n: number },
  realUnits: number,
): T {
  const entry = before.open.find((open) => open.take === take.take && open.n === take.n);
  if (entry === undefined) return before;
  return {
    ...before,
    open: before.open.filter((open) => open !== entry),
    budgets: before.budgets.map((budget) => refundBudget(budget, entry.n - realUnits, entry.epochs)),
  };
}
