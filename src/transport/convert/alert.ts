import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  AlertKind as AlertKindMessage,
  type AlertSchema,
  AlertState as AlertStateMessage,
  DeliveryState as DeliveryStateMessage,
} from '../../../gen/keypool/v1/alert_pb.ts';
import type { ListedAlert } from '../../domain/list-alerts.ts';
import type { AlertKind, AlertState } from '../../model/alert.ts';
import type { Delivery, DeliveryState } from '../../model/webhook.ts';
import { optionalTimestamp, timestampFrom } from './time.ts';

type AlertInit = MessageInitShape<typeof AlertSchema>;

const KIND: Readonly<Record<AlertKind, AlertKindMessage>> = {
  pool_low: AlertKindMessage.POOL_LOW,
  key_quarantined: AlertKindMessage.KEY_QUARANTINED,
  budget_80: AlertKindMessage.BUDGET_80,
  budget_100: AlertKindMessage.BUDGET_100,
};

const DELIVERY: Readonly<Record<DeliveryState, DeliveryStateMessage>> = {
  pending: DeliveryStateMessage.PENDING,
  delivered: DeliveryStateMessage.DELIVERED,
  failed: DeliveryStateMessage.FAILED,
};

const KINDS = Object.entries(KIND) as readonly (readonly [AlertKind, AlertKindMessage])[];

export function fromAlertKind(kind: AlertKind): AlertKindMessage {
  return KIND[kind];
}

/** Undefined for any. */
export function toAlertKind(message: AlertKindMessage): AlertKind | undefined {
  return KINDS.find(([, value]) => value === message)?.[0];
}

/** A state as a filter; undefined for any. */
export function toAlertState(state: AlertStateMessage): AlertState | undefined {
  if (state === AlertStateMessage.OPEN) return 'open';
  return state === AlertStateMessage.CLOSED ? 'closed' : undefined;
}

function fromDelivery(delivery: Delivery): NonNullable<AlertInit['deliveries']>[number] {
  return {
    id: delivery.id,
    webhookId: delivery.webhookId,
    state: DELIVERY[delivery.state],
    attempts: delivery.attempts,
    nextAttemptTime: optionalTimestamp(delivery.state === 'pending' ? delivery.nextAt : null),
    endTime: optionalTimestamp(delivery.endAt),
    problem: delivery.problem,
  };
}

export function fromAlert(alert: ListedAlert): AlertInit {
  return {
    id: alert.id,
    kind: KIND[alert.kind],
    state: alert.state === 'open' ? AlertStateMessage.OPEN : AlertStateMessage.CLOSED,
    tierId: alert.tierId,
    feature: alert.feature,
    keyId: alert.keyId,
    quotaGroupId: alert.groupId,
    message: alert.message,
    openTime: timestampFrom(alert.openAt),
    closeTime: optionalTimestamp(alert.closeAt),
    deliveries: alert.deliveries.map(fromDelivery),
  };
}
