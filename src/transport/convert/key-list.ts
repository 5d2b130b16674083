import { KeyOrder, type ListKeysRequest } from '../../../gen/keypool/v1/key_messages_pb.ts';
import { KeyCondition } from '../../../gen/keypool/v1/key_pb.ts';
import type { KeyOrdering, ListedKeys } from '../../domain/key-lists.ts';
import type { Condition } from '../../model/condition.ts';
import type { KeyOrder as Order } from '../../model/key-order.ts';
import { toKeyStateFilter } from './key.ts';
import { textOrUndefined } from './required.ts';

const CONDITION: Readonly<Record<KeyCondition, Condition | undefined>> = {
  [KeyCondition.UNSPECIFIED]: undefined,
  [KeyCondition.READY]: 'ready',
  [KeyCondition.EXHAUSTED]: 'exhausted',
  [KeyCondition.COOLING]: 'cooling',
  [KeyCondition.EXPIRED]: 'expired',
  [KeyCondition.DISABLED]: 'disabled',
  [KeyCondition.QUARANTINED]: 'quarantined',
};

const ORDER: Readonly<Record<KeyOrder, Order>> = {
  [KeyOrder.UNSPECIFIED]: 'creation',
  [KeyOrder.CREATION]: 'creation',
  [KeyOrder.COOLING_UNTIL]: 'cooling_until',
  [KeyOrder.REMAINING]: 'remaining',
  [KeyOrder.FAILURE_STREAK]: 'failure_streak',
  [KeyOrder.STATE]: 'state',
};

/** A condition as a filter; undefined for any. */
export function toConditionFilter(condition: KeyCondition): Condition | undefined {
  return CONDITION[condition];
}

/** Without the fields that ask for nothing. */
function given<T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}

export function toListedKeys(
  request: Pick<ListKeysRequest, 'tierId' | 'state' | 'condition' | 'quotaGroupId' | 'minFailureStreak'>,
): ListedKeys {
  return given<Required<ListedKeys>>({
    tierId: textOrUndefined(request.tierId),
    state: toKeyStateFilter(request.state),
    condition: toConditionFilter(request.condition),
    groupId: textOrUndefined(request.quotaGroupId),
    minFailureStreak: request.minFailureStreak === 0 ? undefined : request.minFailureStreak,
  });
}

export function toKeyOrdering(request: Pick<ListKeysRequest, 'orderBy' | 'descending'>): KeyOrdering {
  return { by: ORDER[request.orderBy] ?? 'creation', descending: request.descending };
}
