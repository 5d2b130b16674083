import type { Key } from '../model/key.ts';
import {
  type Described,
  durationText,
  enumText,
  SECRET_CHANGED,
  sortedMap,
  timeText,
} from './field-changes.ts';

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
    budgets: key.budgets.map(({ limit, windowMs }) => ({
      limit: String(limit),
      ...(windowMs === null ? {} : { window: durationText(windowMs) }),
    })),
  };
}

/** {@link describeKey} of a key that comes or goes: that there is a value, and secrets, is told too. */
export function describeWholeKey(key: Key): Described {
  const secrets = Object.keys(key.secrets).length > 0 ? SECRET_CHANGED : null;
  return { ...describeKey(key), value: SECRET_CHANGED, secrets };
}
