import type { Alert } from '../../model/alert.ts';
import type { Delivery, Webhook } from '../../model/webhook.ts';

export interface WebhookDocument extends Omit<Webhook, 'id'> {
  readonly _id: string;
}

export interface AlertDocument extends Omit<Alert, 'id'> {
  readonly _id: string;
}

export interface DeliveryDocument extends Omit<Delivery, 'id'> {
  readonly _id: string;
}

/** `_id`: what only one process at a time does. */
export interface LeaseDocument {
  readonly _id: string;
  readonly holder: string;
  readonly until: number;
}

/** `_id`: a process that has budgets in view. */
export interface WatcherDocument {
  readonly _id: string;
  readonly seenAt: number;
}

export function fromWebhookDocument({ _id, ...webhook }: WebhookDocument): Webhook {
  return { id: _id, ...webhook };
}

export function fromAlertDocument({ _id, ...alert }: AlertDocument): Alert {
  return { id: _id, ...alert };
}

export function fromDeliveryDocument({ _id, ...delivery }: DeliveryDocument): Delivery {
  return { id: _id, ...delivery };
}
