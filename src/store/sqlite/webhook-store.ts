import type { Webhook } from '../../model/webhook.ts';
import { StoreError } from '../errors.ts';
import type { AlertStore } from '../port.ts';
import type { Core } from './core.ts';
import type { DeliveryRows } from './deliveries.ts';
import type { WebhookRows } from './webhooks.ts';

type WebhookPart = Pick<
  AlertStore,
  'createWebhook' | 'getWebhook' | 'listWebhooks' | 'editWebhook' | 'deleteWebhook' | 'resealWebhook'
>;

export function createWebhookStore(
  { transactions, adminEvents }: Core,
  { webhooks, deliveries }: { readonly webhooks: WebhookRows; readonly deliveries: DeliveryRows },
): WebhookPart {
  const required = (id: string): Webhook => {
    const webhook = webhooks.read(id);
    if (webhook === null) throw new StoreError('not-found', `there is no webhook ${id}`);
    return webhook;
  };
  return {
    createWebhook: async (webhook, event) => {
      transactions.write(() => {
        webhooks.insert(webhook);
        adminEvents.append(event);
      });
    },
    getWebhook: async (id) => transactions.read(() => webhooks.read(id)),
    listWebhooks: async (page) => transactions.read(() => webhooks.list(page)),
    editWebhook: async (id, edit) =>
      transactions.write(() => {
        const { row, event } = edit(required(id));
        if (event === null) return row;
        webhooks.update(row);
        adminEvents.append(event);
        return row;
      }),
    deleteWebhook: async (id, check) => {
      transactions.write(() => {
        const event = check(required(id));
        deliveries.removeOfWebhook(id);
        webhooks.remove(id);
        adminEvents.append(event);
      });
    },
    resealWebhook: async (id, from, to) =>
      transactions.write(() => {
        const webhook = webhooks.read(id);
        if (webhook === null) return false;
        const { secret, previousSecret } = webhook;
        if (secret !== from && previousSecret?.secret !== from) return false;
        webhooks.update({
          ...webhook,
          secret: secret === from ? to : secret,
          previousSecret:
            previousSecret?.secret === from ? { ...previousSecret, secret: to } : previousSecret,
        });
        return true;
      }),
  };
}
