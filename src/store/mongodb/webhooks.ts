import type { Webhook } from '../../model/webhook.ts';
import { StoreError } from '../errors.ts';
import type { AlertStore } from '../port.ts';
import { writeEvents } from './admin-events.ts';
import { fromWebhookDocument } from './alert-documents.ts';
import type { MongoContext } from './context.ts';
import { atEdge } from './driver-errors.ts';
import { pageById } from './paging.ts';
import { transact } from './transaction.ts';

type WebhookPart = Pick<
  AlertStore,
  'createWebhook' | 'getWebhook' | 'listWebhooks' | 'editWebhook' | 'deleteWebhook' | 'resealWebhook'
>;

function noSuchWebhook(id: string): StoreError {
  return new StoreError('not-found', `There is no webhook ${id}.`);
}

export function createWebhooks(context: MongoContext): WebhookPart {
  const { rows } = context;
  return {
    createWebhook: ({ id, ...webhook }, event) =>
      atEdge(() =>
        transact(context, async (session) => {
          await rows.webhooks.insertOne({ _id: id, ...webhook }, { session });
          await writeEvents(context, [event], session);
        }),
      ),
    getWebhook: (id) =>
      atEdge(async () => {
        const row = await rows.webhooks.findOne({ _id: id });
        return row === null ? null : fromWebhookDocument(row);
      }),
    listWebhooks: (page) => atEdge(() => pageById(rows.webhooks, {}, page, fromWebhookDocument)),
    editWebhook: (id, edit) => atEdge(() => editWebhook(context, id, edit)),
    deleteWebhook: (id, check) =>
      atEdge(() =>
        transact(context, async (session) => {
          const row = await rows.webhooks.findOneAndDelete({ _id: id }, { session });
          if (row === null) throw noSuchWebhook(id);
          await rows.deliveries.deleteMany({ webhookId: id }, { session });
          await writeEvents(context, [check(fromWebhookDocument(row))], session);
        }),
      ),
    resealWebhook: (id, from, to) => atEdge(() => resealWebhook(context, id, from, to)),
  };
}

function editWebhook(
  context: MongoContext,
  id: string,
  edit: Parameters<AlertStore['editWebhook']>[1],
): Promise<Webhook> {
  const { webhooks } = context.rows;
  return transact(context, async (session) => {
    const before = await webhooks.findOne({ _id: id }, { session });
    if (before === null) throw noSuchWebhook(id);
    const { row, event } = edit(fromWebhookDocument(before));
    if (event === null) return row;
    const { id: _id, health: _health, ...fields } = row;
    await webhooks.updateOne({ _id }, { $set: fields }, { session });
    await writeEvents(context, [event], session);
    return row;
  });
}

async function resealWebhook({ rows }: MongoContext, id: string, from: string, to: string): Promise<boolean> {
  const present = await rows.webhooks.updateOne({ _id: id, secret: from }, { $set: { secret: to } });
  const previous = await rows.webhooks.updateOne(
    { _id: id, 'previousSecret.secret': from },
    { $set: { 'previousSecret.secret': to } },
  );
  return present.matchedCount + previous.matchedCount > 0;
}
