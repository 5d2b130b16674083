import { type Budget, budgetFree, budgetRolls, chargeBudget } from './budget.ts';
import { coolingUntil, liveCooling } from './cooldown.ts';
import { holdsAfter, inFlight, inFlightCap } from './hold.ts';
import { type KeyState, OPEN_TAKES_MAX, type OpenTake, WHOLE_KEY } from './key.ts';
import { liveLearned, withLearned } from './learned-limit.ts';
import { countUnder } from './meter.ts';
import { freeUnderOwn, ownLimitsOf } from './own-limits.ts';
import { rampingAt } from './ramp.ts';
import { remainingRank } from './remaining-rank.ts';
import type { TakeRequest } from './take.ts';
import { admittedAt, onTrial } from './trial.ts';

/** Charges every budget; those that roll take fresh epochs after the row's last one, in their order. */
function charge(budgets: readonly Budget[], n: number, now: number, epoch: number): readonly Budget[] {
  return budgets.map((budget, index) => chargeBudget(budget, n, now, epoch + 1 + index));
}

/** Units that the budgets grant, and the list of open takes has a slot for; Infinity to a late retry. */
function freeOfBudgets({ budgets, open }: KeyState, request: TakeRequest, now: number): number {
  if (request.charge === 'rate' || budgets.length === 0) return Infinity;
  return open.length >= OPEN_TAKES_MAX ? 0 : Math.min(...budgets.map((budget) => budgetFree(budget, now)));
}

/** How many draws may be made besides those under way: one on trial, none of a key that rests. */
function drawsAllowed(state: KeyState, request: TakeRequest, now: number): number {
  const { health } = state;
  if (coolingUntil(health, WHOLE_KEY) > now || coolingUntil(health, request.feature) > now) return 0;
  if (admittedAt(state, now) !== now) return 0;
  const asked = state.state === 'active' ? request.count : 1;
  if (request.charge === 'rate') return asked;
  return Math.max(0, Math.min(asked, inFlightCap(state, request.policy) - inFlight(state, now)));
}

/** Units that the row grants at `now`: whole draws, as many as are asked for at most. */
export function grant(state: KeyState, request: TakeRequest, now: number): number {
  const own = ownLimitsOf(state, request.policy, request.feature, now);
  const free = freeUnderOwn(state.meters[request.feature] ?? {}, request.limits, own, now);
  const most = request.units * drawsAllowed(state, request, now);
  const units = Math.min(free, freeOfBudgets(state, request, now), most);
  return Math.floor(units / request.units) * request.units;
}

/** What of the key is not a count: a trial that begins, draws in flight, rests, a ramp and learned limits that are over. */
function livedOn(state: KeyState, request: TakeRequest, granted: number, now: number): KeyState {
  const { take, units, policy } = request;
  const draws = request.charge === 'rate' ? 0 : granted / units;
  const cooling = liveCooling(state.health.cooling, now);
  const warmed = cooling === state.health.cooling ? state.health : { ...state.health, cooling };
  const learned = state.health.learned[request.feature];
  const rested =
    learned === undefined
      ? warmed
      : withLearned(warmed, request.feature, liveLearned(learned, request.limits, now));
  const health = state.state === 'quarantined' ? onTrial(rested, policy, take, now) : rested;
  const isUp = state.traits.rampFrom !== null && rampingAt(policy.ramp, state.traits.rampFrom, now) === null;
  const traits = isUp ? { ...state.traits, rampFrom: null } : state.traits;
  return { ...state, health, traits, holds: holdsAfter(state.holds, { take, units, draws }, policy, now) };
}

function charged(before: KeyState, request: TakeRequest, granted: number, now: number): KeyState {
  const state = livedOn(before, request, granted, now);
  const meters = {
    ...state.meters,
    [request.feature]: countUnder(state.meters[request.feature] ?? {}, request.limits, granted, now),
  };
  const used = { ...state, meters, takenAt: now };
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

/** The row after a grant, but for its places. */
export function drawn(before: KeyState, request: TakeRequest, granted: number, now: number): KeyState {
  const state = charged(before, request, granted, now);
  const rank =
    request.policy.strategy === 'most_remaining'
      ? remainingRank(state, request.feature, request.limits, now)
      : request.rank;
  return { ...state, lastRank: { ...state.lastRank, [request.queue]: rank } };
}
