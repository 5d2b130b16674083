import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  KeyCondition,
  type Key as KeyMessage,
  type KeySchema,
  KeyState,
} from '../../../gen/keypool/v1/key_pb.ts';
import type { NewKey } from '../../domain/key-fields.ts';
import type { KeyView } from '../../domain/key-view.ts';
import type { Condition } from '../../model/condition.ts';
import type { KeyLifecycle } from '../../model/key.ts';
import { fromBudget, toBudgets } from './budget.ts';
import { durationFromMs, msFromTimestamp, optionalTimestamp, timestampFrom } from './time.ts';

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

export function fromKeyState(state: KeyLifecycle): KeyState {
  return STATE[state];
}

export function fromCondition(condition: Condition): KeyCondition {
  return CONDITION[condition];
}

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

/** Weight, cap and group by the names that their fields have in the contract. */
export const TRAIT_FIELDS: Readonly<Record<string, (key: KeyMessage) => NonNullable<NewKey['traits']>>> = {
  weight: ({ weight = 1 }) => ({ weight }),
  max_in_flight: ({ maxInFlight = null }) => ({ maxInFlight }),
  quota_group_id: ({ quotaGroupId }) => ({ groupId: quotaGroupId || null }),
};

/** Those of the traits that `paths` name. */
export function toTraits(key: KeyMessage, paths: readonly string[]): NonNullable<NewKey['traits']> {
  return Object.assign({}, ...paths.map((path) => TRAIT_FIELDS[path]?.(key)));
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
    traits: toTraits(key, Object.keys(TRAIT_FIELDS)),
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
    weight: key.traits.weight,
    maxInFlight: key.traits.maxInFlight ?? undefined,
    quotaGroupId: key.traits.groupId ?? '',
    inFlight: key.inFlight,
    failureStreak: key.failureStreak,
    cooldowns: key.cooldowns.map(({ feature, endAt }) => ({
      feature: feature ?? '',
      endTime: timestampFrom(endAt),
    })),
    learnedLimits: key.learnedLimits.map(({ feature, windowMs, limit, learnedAt }) => ({
      feature,
      window: durationFromMs(windowMs),
      limit,
      learnTime: timestampFrom(learnedAt),
    })),
    quarantineTime: optionalTimestamp(key.quarantinedAt),
    trialTime: optionalTimestamp(key.trialAt),
  };
}
