import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type Budget as BudgetMessage,
  type BudgetSchema,
  CalendarUnit,
} from '../../../gen/keypool/v1/key_pb.ts';
import type { BudgetView } from '../../domain/budget-view.ts';
import type { BudgetInput } from '../../domain/key-fields.ts';
import type { Budget, CalendarPeriods } from '../../model/budget.ts';
import { durationFromMs, msFromDuration, msFromTimestamp, optionalTimestamp, timestampFrom } from './time.ts';

const UNIT = {
  day: CalendarUnit.DAY,
  week: CalendarUnit.WEEK,
  month: CalendarUnit.MONTH,
} as const satisfies Record<CalendarPeriods['unit'], CalendarUnit>;

const UNIT_OF = new Map(
  Object.entries(UNIT).map(([name, value]) => [value, name as CalendarPeriods['unit']]),
);

/** What an empty time zone means. */
const USUAL_ZONE = 'UTC';

function toPeriods({ window, calendar, startTime }: BudgetMessage): Budget['periods'] {
  if (calendar !== undefined) {
    const unit = UNIT_OF.get(calendar.unit as never) ?? 'day';
    return { kind: 'calendar', unit, timeZone: calendar.timeZone || USUAL_ZONE };
  }
  if (startTime === undefined || window === undefined) return null;
  return { kind: 'anchored', startAt: msFromTimestamp(startTime), periodMs: msFromDuration(window) };
}

export function toBudgets(budgets: readonly BudgetMessage[]): readonly BudgetInput[] {
  return budgets.map((budget) => {
    const periods = toPeriods(budget);
    const windowMs = budget.window === undefined || periods !== null ? null : msFromDuration(budget.window);
    return { limit: Number(budget.limit), windowMs, periods };
  });
}

function windowMsOf({ windowMs, periods }: BudgetView): number | null {
  return periods?.kind === 'anchored' ? periods.periodMs : windowMs;
}

export function fromBudget(budget: BudgetView): MessageInitShape<typeof BudgetSchema> {
  const { periods } = budget;
  const windowMs = windowMsOf(budget);
  return {
    limit: BigInt(budget.limit),
    window: windowMs === null ? undefined : durationFromMs(windowMs),
    calendar:
      periods?.kind === 'calendar' ? { unit: UNIT[periods.unit], timeZone: periods.timeZone } : undefined,
    startTime: periods?.kind === 'anchored' ? timestampFrom(periods.startAt) : undefined,
    used: BigInt(budget.used),
    reserved: BigInt(budget.reserved),
    remaining: BigInt(budget.remaining),
    debt: BigInt(budget.debt),
    resetTime: optionalTimestamp(budget.resetAt),
  };
}
