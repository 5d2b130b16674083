import { type Budget, budgetFree, budgetRolls, chargeBudget } from './budget.ts';
import { type KeyState, OPEN_TAKES_MAX, type OpenTake, type Places } from './key.ts';
import { countUnder, freeUnderAll, latest, nextUnderAll } from './meter.ts';
import { budgetSpent, budgetsNextAt, isUsable, NOWHERE } from './place.ts';
import type { Limit, QueueName } from './tier.ts';
import type { TierPolicy } from './tier-policy.ts';

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

/** When one unit of the request's feature can next be had; null when waiting does not help. */
function nextOneFor(state: KeyState, request: TakeRequest, now: number): number | null {
  const meters = state.meters[request.feature] ?? {};
  return latest([budgetsNextAt(state, 1, now), nextUnderAll(meters, request.limits, 1, now)], now);
}

/** All places of a key whose budgets are spent: parked until the budgets have a unit again, or out. */
function spentPlaces(state: KeyState, request: TakeRequest, now: number): Places {
  const budgetsAt = budgetsNextAt(state, 1, now);
  const at = nextOneFor(state, request, now);
  if (budgetsAt === null || at === null) return NOWHERE;
  const due: Record<QueueName, number> = {};
  for (const queue of Object.keys(state.ready) as QueueName[]) due[queue] = budgetsAt;
  for (const [queue, was] of Object.entries(state.due) as [QueueName, number][])
    due[queue] = Math.max(was, budgetsAt);
  // Only of the feature at hand are the limits known here; the other queues find out when they try.
  due[request.queue] = at;
  return { ready: {}, due };
}

/** The places after a take on `request.queue`, from a state whose meters, budgets and open takes are final. */
function placesAfter(state: KeyState, request: TakeRequest, granted: number, now: number): Places {
  if (budgetSpent(state, now)) return spentPlaces(state, request, now);
  const { queue } = request;
  const at = nextOneFor(state, request, now);
  if (at === null || at > now) {
    const due = without(state.due, queue);
    if (at !== null) due[queue] = at;
    return { ready: without(state.ready, queue), due };
  }
  if (granted === 0) return { ready: state.ready, due: state.due };
  return { ready: { ...state.ready, [queue]: request.rank }, due: without(state.due, queue) };
}

/** Charges every budget; those that roll take fresh epochs after the row's last one, in their order. */
function charge(budgets: readonly Budget[], n: number, now: number, epoch: number): readonly Budget[] {
  return budgets.map((budget, index) => chargeBudget(budget, n, now, epoch + 1 + index));
}

function grant(state: KeyState, request: TakeRequest, now: number): number {
  const free = freeUnderAll(state.meters[request.feature] ?? {}, request.limits, now);
  const budgetsFree =
    request.charge === 'rate' || state.budgets.length === 0
      ? Infinity
      : state.open.length >= OPEN_TAKES_MAX
        ? 0
        : Math.min(...state.budgets.map((budget) => budgetFree(budget, now)));
  const units = Math.min(free, budgetsFree, request.units * request.count);
  return Math.floor(units / request.units) * request.units;
}

function charged(state: KeyState, request: TakeRequest, granted: number, now: number): KeyState {
  const meters = {
    ...state.meters,
    [request.feature]: countUnder(state.meters[request.feature] ?? {}, request.limits, granted, now),
  };
  const lastRank = { ...state.lastRank, [request.queue]: request.rank };
  const used = { ...state, meters, lastRank, takenAt: now };
  if (request.charge === 'rate' || state.budgets.length === 0) return used;
  const rolls = state.budgets.some((budget) => budgetRolls(budget, now));
  const budgets = charge(state.budgets, granted, now, state.epoch);
  const epoch = rolls ? state.epoch + state.budgets.length : state.epoch;
  if (request.openMs === 0) return { ...used, budgets, epoch };
  const entry: OpenTake = {
    take: request.take,
    n: granted,
    units: request.units,
    end: now + request.openMs,
    epochs: budgets.map((budget) => budget.epoch),
  };
  return { ...used, budgets, epoch, open: [...state.open, entry] };
}

/** When `units` can next be had for the request; null when waiting does not help. */
function nextFor(state: KeyState, request: TakeRequest, now: number): number | null {
  const budgets = request.charge === 'rate' ? now : budgetsNextAt(state, request.units, now);
  const meters = state.meters[request.feature] ?? {};
  return latest([budgets, nextUnderAll(meters, request.limits, request.units, now)], now);
}

/**
 * One atomic update of a key's row that grants 0 to `count` draws. No limit and no budget is passed, whatever ran
 * before; the store's time never runs backwards within a row. Both stores give exactly this answer.
 */
export function takeFromKey(before: KeyState, request: TakeRequest, storeNow: number): TakeResult {
  const now = Math.max(storeNow, before.takenAt);
  const open = before.open.filter((take) => !request.settled.includes(take.take));
  const seen: KeyState = { ...before, open };
  const refuse = (state: KeyState, reason: TakeReason, nextAt: number | null): TakeResult => ({
    state,
    took: { take: request.take, reason, granted: 0, at: now, nextAt },
  });
  if (request.revision < before.revision) return refuse(seen, 'stale', null);
  const current: KeyState = { ...seen, revision: request.revision };
  if (!isUsable(current, now)) return refuse({ ...current, ...NOWHERE }, 'unusable', null);
  const granted = grant(current, request, now);
  const after = granted > 0 ? charged(current, request, granted, now) : current;
  const state = { ...after, ...placesAfter(after, request, granted, now) };
  const nextAt = nextFor(state, request, now);
  if (granted > 0)
    return { state, took: { take: request.take, reason: 'granted', granted, at: now, nextAt } };
  const stays = request.queue in state.ready || (state.due[request.queue] ?? Infinity) <= now;
  return refuse(state, stays ? 'short' : 'exhausted', nextAt);
}

/** Puts back what a settled take did not use: into the same epochs only, and only once per entry. */
export function settleTake(
  before: KeyState,
  take: { readonly take: string; readonly n: number },
  realUnits: number,
): KeyState {
  const entry = before.open.find((open) => open.take === take.take && open.n === take.n);
  if (entry === undefined) return before;
  const back = entry.n - realUnits;
  return {
    ...before,
    open: before.open.filter((open) => open !== entry),
    budgets: before.budgets.map((budget) =>
      entry.epochs.includes(budget.epoch) ? { ...budget, used: Math.max(0, budget.used - back) } : budget,
    ),
  };
}
