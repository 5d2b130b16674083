import { type AttemptEnd, type Delivery, endedDelivery, healthAfter } from '../../model/webhook.ts';
import type { AlertStore, ClaimedDelivery, DeliveryCount } from '../port.ts';
import { fromAlertDocument, fromDeliveryDocument, fromWebhookDocument } from './alert-documents.ts';
import { type MongoContext, storeNow } from './context.ts';
import { atEdge } from './driver-errors.ts';

type Deliveries = Pick<AlertStore, 'claimDeliveries' | 'endAttempt' | 'countDeliveries'>;

export function createDeliveries(context: MongoContext): Deliveries {
  return {
    claimDeliveries: (limit, leaseMs, except) => atEdge(() => claim(context, limit, leaseMs, except)),
    endAttempt: (id, attempts, end) => atEdge(() => endAttempt(context, id, attempts, end)),
    countDeliveries: (webhookIds, cap) =>
      atEdge(async () => {
        const counts = webhookIds.map(async (id): Promise<[string, DeliveryCount]> => {
          const count = (state: Delivery['state']) =>
            context.rows.deliveries.countDocuments({ webhookId: id, state }, { limit: cap });
          const [pending, failed] = await Promise.all([count('pending'), count('failed')]);
          return [id, { pending, failed }];
        });
        return new Map(await Promise.all(counts));
      }),
  };
}

/** One by one: each is a claim of its own, and few are due at a time. */
async function claim(
  context: MongoContext,
  limit: number,
  leaseMs: number,
  except: readonly string[],
): Promise<readonly ClaimedDelivery[]> {
  const { rows } = context;
  const claimed: ClaimedDelivery[] = [];
  while (claimed.length < limit) {
    const now = storeNow(context);
    const row = await rows.deliveries.findOneAndUpdate(
      { state: 'pending', nextAt: { $lte: now }, webhookId: { $nin: [...except] } },
      { $inc: { attempts: 1 }, $set: { nextAt: now + leaseMs } },
      { sort: { nextAt: 1 }, returnDocument: 'after' },
    );
    if (row === null) break;
    const [alert, webhook] = await Promise.all([
      rows.alerts.findOne({ _id: row.alertId }),
      rows.webhooks.findOne({ _id: row.webhookId }),
    ]);
    // Raised by a process that did not see the webhook go, or not know of its end: there is nothing to be told.
    if (alert === null || webhook === null) await rows.deliveries.deleteOne({ _id: row._id });
    else
      claimed.push({
        delivery: fromDeliveryDocument(row),
        alert: fromAlertDocument(alert),
        webhook: fromWebhookDocument(webhook),
      });
  }
  return claimed;
}

async function endAttempt(
  context: MongoContext,
  id: string,
  attempts: number,
  end: AttemptEnd,
): Promise<boolean> {
  const { rows } = context;
  const now = storeNow(context);
  const row = await rows.deliveries.findOneAndUpdate(
    { _id: id, attempts, state: 'pending' },
    { $set: endedDelivery(end, now) },
  );
  if (row === null) return false;
  const webhook = await rows.webhooks.findOne({ _id: row.webhookId });
  if (webhook === null) return true;
  // Two attempts that end at once may count as one: it is for people to look at.
  await rows.webhooks.updateOne(
    { _id: row.webhookId },
    { $set: { health: healthAfter(webhook.health, end, now) } },
  );
  return true;
}
