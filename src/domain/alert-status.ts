import type { WebhookHealth } from '../model/webhook.ts';
import type { DeliveryCount, ListedAlert } from '../store/port.ts';
import type { Context } from './context.ts';
import { WEBHOOKS_MAX } from './create-webhook.ts';
import { originOf } from './webhook-fields.ts';

export interface WebhookStatus extends DeliveryCount {
  readonly webhookId: string;
  /** Its URL without the path. */
  readonly origin: string;
  readonly health: WebhookHealth;
}

export interface AlertStatus {
  /** Newest first, at most 100. */
  readonly openAlerts: readonly ListedAlert[];
  readonly openAlertsCapped: boolean;
  /** At most 100. */
  readonly webhooks: readonly WebhookStatus[];
}

const OPEN_MAX = 100;
const COUNT_CAP = 1000;

/** The open alerts, and how deliveries go. Errors: those of the store. */
export async function readAlertStatus({ store }: Context): Promise<AlertStatus> {
  const [open, webhooks] = await Promise.all([
    store.listAlerts({ state: 'open' }, { after: null, limit: OPEN_MAX }),
    store.listWebhooks({ after: null, limit: WEBHOOKS_MAX }),
  ]);
  const ids = webhooks.items.map(({ id }) => id);
  const counts = await store.countDeliveries(ids, COUNT_CAP);
  return {
    openAlerts: open.items,
    openAlertsCapped: open.next !== null,
    webhooks: webhooks.items.map(({ id, url, health }) => ({
      webhookId: id,
      origin: originOf(url),
      health,
      ...(counts.get(id) ?? { pending: 0, failed: 0 }),
    })),
  };
}
