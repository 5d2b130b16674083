import type { Budget } from '../model/budget.ts';
import type { Key } from '../model/key.ts';
import {
  type Described,
  durationText,
  enumText,
  SECRET_CHANGED,
  sortedMap,
  timeText,
} from './field-changes.ts';

/** A budget as the audit shows it. */
export function describeBudget({ limit, windowMs, periods }: Budget): Described {
  const shape = { limit: String(limit) };
  if (periods?.kind === 'calendar')
    return {
      ...shape,
      calendar: { unit: enumText('CALENDAR_UNIT', periods.unit), time_zone: periods.timeZone },
    };
  if (periods?.kind === 'anchored')
    return { ...shape, window: durationText(periods.periodMs), start_time: timeText(periods.startAt) };
  return windowMs === null ? shape : { ...shape, window: durationText(windowMs) };
}

/** A key as the audit shows it, without its value and secrets. */
export function describeKey(key: Key): Described {
  return {
    tier_id: key.tierId,
    name: key.name,
    value_hint: key.valueHint,
    secret_names: Object.keys(key.secrets).sort(),
    metadata: sortedMap(key.metadata),
    state: enumText('KEY_STATE', key.state),
    state_reason: key.stateReason,
    expire_time: timeText(key.expireAt),
    budgets: key.budgets.map(describeBudget),
    weight: key.traits.weight,
    max_in_flight: key.traits.maxInFlight,
    quota_group_id: key.traits.groupId,
  };
}

/** {@link describeKey} of a key that comes or goes: that there is a value, and secrets, is told too. */
export function describeWholeKey(key: Key): Described {
  const secrets = Object.keys(key.secrets).length > 0 ? SECRET_CHANGED : null;
  return { ...describeKey(key), value: SECRET_CHANGED, secrets };
}
