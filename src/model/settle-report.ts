import { settleBudget } from './budget.ts';
import { withoutDraw } from './hold.ts';
import type { KeyState } from './key.ts';
import { settleUnder } from './meter-settle.ts';
import type { ReportedDraw, StoredReport } from './outcome-report.ts';
import type { GroupState } from './quota-group.ts';
import type { Tier } from './tier.ts';
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
  const meters = settleUnder(was, limits, by, draw.at, now);
  return meters === was ? state : { ...state, meters: { ...state.meters, [draw.feature]: meters } };
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
  const meters = settleUnder(state.meters, state.limits, by, draw.at, now);
  return meters === state.meters ? state : { ...state, meters };
}
