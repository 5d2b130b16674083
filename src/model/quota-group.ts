import { type Budget, budgetFree, budgetRolls, chargeBudget } from './budget.ts';
import { OPEN_TAKES_MAX, type OpenTake } from './key.ts';
import { countUnder, freeUnderAll, latest, type MeterStates, nextUnderAll } from './meter.ts';
import { budgetsNextAt } from './place.ts';
import type { TakeRequest, Took } from './take.ts';
import type { Limit } from './tier.ts';

/** What a take decides from of a quota group: one row, one atom, as a key's. */
export interface GroupState {
  /** 0 to 4 limits over all features of all its keys, all of which hold. */
  readonly limits: readonly Limit[];
  readonly meters: MeterStates;
  /** 0 to 4 over all features of all its keys. */
  readonly budgets: readonly Budget[];
  /** The highest epoch number ever given to one of its budgets. */
  readonly epoch: number;
  readonly open: readonly OpenTake[];
  /** The store's moment (ms) of the last take that granted, or what was settled since and no take may come before; 0 when never. */
  readonly takenAt: number;
  /** Draws whose report has settled units here, as in a key's health. */
  readonly applied: readonly string[];
}

/** Keys that share one upstream account, and so its quotas. Times in ms. */
export interface QuotaGroup extends GroupState {
  /** The user's slug, `[a-z0-9_-]{1,63}`. */
  readonly id: string;
  readonly description: string;
  /** Counts admin edits from 1; the etag. Takes leave it. */
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface GroupTakeResult {
  readonly state: GroupState;
  /** As a key's answer: `granted` is a multiple of `units`. */
  readonly took: Took;
}

/** What a take asks of the group before it asks the key: `count` draws of `units` each, at most. */
export type GroupRequest = Pick<TakeRequest, 'take' | 'units' | 'count' | 'openMs' | 'settled' | 'charge'>;

/** When the group has `units` free; null when waiting does not help. Its keys are parked until it has one again. */
export function groupNextAt(state: GroupState, units: number, now: number): number | null {
  return latest(
    [budgetsNextAt(state, units, now), nextUnderAll(state.meters, state.limits, units, now)],
    now,
  );
}

function freeInGroup(
  { limits, meters, budgets, open }: GroupState,
  request: GroupRequest,
  now: number,
): number {
  const free = freeUnderAll(meters, limits, now);
  if (request.charge === 'rate' || budgets.length === 0) return free;
  return open.length >= OPEN_TAKES_MAX
    ? 0
    : Math.min(free, ...budgets.map((budget) => budgetFree(budget, now)));
}

function chargeGroup(before: GroupState, request: GroupRequest, granted: number, now: number): GroupState {
  const meters = countUnder(before.meters, before.limits, granted, now);
  const state = { ...before, meters, takenAt: now };
  if (request.charge === 'rate' || state.budgets.length === 0) return state;
  const rolls = state.budgets.some((budget) => budgetRolls(budget, now));
  const budgets = state.budgets.map((budget, i) => chargeBudget(budget, granted, now, state.epoch + 1 + i));
  const epoch = rolls ? state.epoch + budgets.length : state.epoch;
  if (request.openMs === 0) return { ...state, budgets, epoch };
  const { take, units, openMs } = request;
  const entry = { take, n: granted, units, end: now + openMs, epochs: budgets.map((budget) => budget.epoch) };
  return { ...state, budgets, epoch, open: [...state.open, entry] };
}

/**
 * One atomic update of a group's row: limits and budgets as in `takeFromKey`, over all features. `exhausted`: not one unit
 * is left, and {@link groupNextAt} of the state tells when there is; `short`: some, but fewer than `units`.
 */
export function takeFromGroup(before: GroupState, request: GroupRequest, storeNow: number): GroupTakeResult {
  const now = Math.max(storeNow, before.takenAt);
  const open = before.open.filter(({ take }) => !request.settled.includes(take));
  const seen = open.length === before.open.length ? before : { ...before, open };
  const { take, units, count } = request;
  const granted = Math.floor(Math.min(freeInGroup(seen, request, now), units * count) / units) * units;
  const state = granted > 0 ? chargeGroup(seen, request, granted, now) : seen;
  const nextAt =
    request.charge === 'rate'
      ? nextUnderAll(state.meters, state.limits, units, now)
      : groupNextAt(state, units, now);
  const left = groupNextAt(state, 1, now) === now ? 'short' : 'exhausted';
  return { state, took: { take, reason: granted > 0 ? 'granted' : left, granted, at: now, nextAt } };
}
