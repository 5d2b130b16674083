import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type GetStatusRequest,
  TierStatusOrder,
  type TierStatusSchema,
} from '../../../gen/keypool/v1/status_messages_pb.ts';
import type { TierStatusOrder as Order, TierStatus, TierStatusQuery } from '../../domain/tier-statuses.ts';
import { fromCondition, fromKeyState, toKeyStateFilter } from './key.ts';
import { toConditionFilter } from './key-list.ts';
import { textOrUndefined } from './required.ts';
import { optionalTimestamp } from './time.ts';

const ORDER: Readonly<Record<TierStatusOrder, Order>> = {
  [TierStatusOrder.UNSPECIFIED]: 'id',
  [TierStatusOrder.ID]: 'id',
  [TierStatusOrder.STATE]: 'state',
  [TierStatusOrder.COOLING_UNTIL]: 'cooling_until',
  [TierStatusOrder.REMAINING]: 'remaining',
  [TierStatusOrder.FAILURE_STREAK]: 'failure_streak',
};

/** Which tiers a request for the status asks for. */
export function toTierStatusQuery(request: GetStatusRequest): TierStatusQuery {
  const tierId = textOrUndefined(request.tierId);
  const state = toKeyStateFilter(request.state);
  const condition = toConditionFilter(request.condition);
  const { minFailureStreak, descending } = request;
  return {
    ...(tierId === undefined ? {} : { tierId }),
    ...(state === undefined ? {} : { state }),
    ...(condition === undefined ? {} : { condition }),
    ...(minFailureStreak === 0 ? {} : { minFailureStreak }),
    orderBy: ORDER[request.orderBy],
    descending,
  };
}

export function fromTierStatus(status: TierStatus): MessageInitShape<typeof TierStatusSchema> {
  return {
    tierId: status.tierId,
    keys: status.keys,
    capped: status.capped,
    states: [...status.states].map(([state, keys]) => ({ state: fromKeyState(state), keys })),
    conditions: [...status.conditions].map(([condition, keys]) => ({
      condition: fromCondition(condition),
      keys,
    })),
    nextCoolingEndTime: optionalTimestamp(status.nextCoolingEndAt),
    ...(status.leastRemaining === null ? {} : { leastRemaining: status.leastRemaining }),
    longestFailureStreak: status.longestStreak,
  };
}
