import { settleBudget } from './budget.ts';
import { withoutDraw } from './hold.ts';
import type { KeyState } from './key.ts';
import type { MeterStates } from './meter.ts';
import { beginsWindow, settleUnder } from './meter-settle.ts';
import type { ReportedDraw, StoredReport } from './outcome-report.ts';
import type { GroupState } from './quota-group.ts';
import type { Limit, Tier } from './tier.ts';
import { SETTLE_DEFAULT_MS, type TierPolicy } from './tier-policy.ts';

/** The row without the draw among those in flight; the same object where it is not. */
export function settleHold(state: KeyState, { take, serial }: ReportedDraw): KeyState {
  const holds = withoutDraw(state.holds, take, serial);
  return holds === state.holds ? state : { ...state, holds };
}

/** Units that the draw used beyond those it took, or below 0 less; 0 when it is too late to settle them. */
function unsettledUnits(policy: TierPolicy, draw: ReportedDraw, report: StoredReport, now: number): number {
  const until = draw.at + (policy.settleTimeoutMs ?? SETTLE_DEFAULT_MS);
  return report.units === null || now >= until ? 0 : report.units - draw.units;
}

function settleBudgets<T extends Pick<KeyState, 'budgets'>>(
  state: T,
  by: number,
  drawnAt: number,
  now: number,
): T {
  const budgets = state.budgets.map((budget) => settleBudget(budget, by, drawnAt, now));
  return budgets.every((budget, i) => budget === state.budgets[i]) ? state : { ...state, budgets };
}

/**
 * The moment of the row's last count: that at which settled units begin a fixed window, so that no later take comes before
 * it, by whatever clock, and finds the window of before forgotten.
 */
function countedAt(
  { takenAt }: Pick<KeyState, 'takenAt'>,
  states: MeterStates,
  limits: readonly Limit[],
  by: number,
  now: number,
): number {
  return by > 0 && beginsWindow(states, limits, now) ? now : takenAt;
}

/** The row with the draw's units settled in its budgets and the feature's meters; the same object where none are. */
export function settleUnits(
  before: KeyState,
  { features, policy }: Pick<Tier, 'features' | 'policy'>,
  draw: ReportedDraw,
  report: StoredReport,
  now: number,
): KeyState {
  const by = unsettledUnits(policy, draw, report, now);
  if (by === 0) return before;
  const state = settleBudgets(before, by, draw.at, now);
  const limits = features.find(({ name }) => name === draw.feature)?.limits ?? [];
  const was = state.meters[draw.feature] ?? {};
  const meters = settleUnder(was, limits, by, draw.at, { now, takenAt: state.takenAt });
  if (meters === was) return state;
  const takenAt = countedAt(state, was, limits, by, now);
  return { ...state, takenAt, meters: { ...state.meters, [draw.feature]: meters } };
}

/** The same for the group of the draw's key. */
export function settleUnitsInGroup(
  before: GroupState,
  policy: TierPolicy,
  draw: ReportedDraw,
  report: StoredReport,
  now: number,
): GroupState {
  const by = unsettledUnits(policy, draw, report, now);
  if (by === 0) return before;
  const state = settleBudgets(before, by, draw.at, now);
  const meters = settleUnder(state.meters, state.limits, by, draw.at, { now, takenAt: state.takenAt });
  if (meters === state.meters) return state;
  return { ...state, takenAt: countedAt(state, state.meters, state.limits, by, now), meters };
}
