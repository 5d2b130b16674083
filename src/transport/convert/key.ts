import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  KeyCondition,
  type Key as KeyMessage,
  type KeySchema,
  KeyState,
} from '../../../gen/keypool/v1/key_pb.ts';
import type { BudgetInput, NewKey } from '../../domain/key-fields.ts';
import type { BudgetView, KeyView } from '../../domain/key-view.ts';
import type { Condition } from '../../model/condition.ts';
import type { KeyLifecycle } from '../../model/key.ts';
import { durationFromMs, msFromDuration, msFromTimestamp, optionalTimestamp, timestampFrom } from './time.ts';

const STATE: Readonly<Record<KeyLifecycle, KeyState>> = {
  active: KeyState.ACTIVE,
  disabled: KeyState.DISABLED,
  quarantined: KeyState.QUARANTINED,
};

const CONDITION: Readonly<Record<Condition, KeyCondition>> = {
  ready: KeyCondition.READY,
  exhausted: KeyCondition.EXHAUSTED,
  cooling: KeyCondition.COOLING,
  expired: KeyCondition.EXPIRED,
  disabled: KeyCondition.DISABLED,
  quarantined: KeyCondition.QUARANTINED,
};

/** A state as a filter; undefined for any. */
export function toKeyStateFilter(state: KeyState): KeyLifecycle | undefined {
  if (state === KeyState.ACTIVE) return 'active';
  if (state === KeyState.DISABLED) return 'disabled';
  return state === KeyState.QUARANTINED ? 'quarantined' : undefined;
}

/** A state as an admin sets it; unspecified means active. */
export function toSettableState(state: KeyState): NewKey['state'] {
  return state === KeyState.DISABLED ? 'disabled' : 'active';
}

export function toExpireAt(key: Pick<KeyMessage, 'expireTime'>): number | null {
  return key.expireTime === undefined ? null : msFromTimestamp(key.expireTime);
}

export function toBudgets(budgets: KeyMessage['budgets']): readonly BudgetInput[] {
  return budgets.map(({ limit, window }) => ({
    limit: Number(limit),
    windowMs: window === undefined ? null : msFromDuration(window),
  }));
}

export function toNewKey(key: KeyMessage): NewKey {
  return {
    name: key.name,
    value: key.value,
    secrets: key.secrets,
    metadata: key.metadata,
    state: toSettableState(key.state),
    stateReason: key.stateReason,
    expireAt: toExpireAt(key),
    budgets: toBudgets(key.budgets),
  };
}

function fromBudget(budget: BudgetView): NonNullable<MessageInitShape<typeof KeySchema>['budgets']>[number] {
  return {
    limit: BigInt(budget.limit),
    window: budget.windowMs === null ? undefined : durationFromMs(budget.windowMs),
    used: BigInt(budget.used),
    resetTime: optionalTimestamp(budget.resetAt),
  };
}

/** As admins see it: never with its value or secrets. */
export function fromKey(key: KeyView): MessageInitShape<typeof KeySchema> {
  return {
    id: key.id,
    name: key.name,
    tierId: key.tierId,
    valueHint: key.valueHint,
    secretNames: [...key.secretNames],
    metadata: { ...key.metadata },
    state: STATE[key.state],
    stateReason: key.stateReason,
    expireTime: optionalTimestamp(key.expireAt),
    budgets: key.budgets.map(fromBudget),
    condition: CONDITION[key.condition],
    availableTime: optionalTimestamp(key.availableAt),
    lastDrawnTime: optionalTimestamp(key.lastDrawnAt),
    createTime: timestampFrom(key.createdAt),
    updateTime: timestampFrom(key.updatedAt),
    etag: key.etag,
  };
}
