import type { Filter } from 'mongodb';
import type { Finding } from '../../model/alert.ts';
import { wants } from '../../model/webhook.ts';
import type { AlertFilter, AlertStore, ListedAlert, Page, PageRequest } from '../port.ts';
import { type AlertDocument, fromAlertDocument, fromDeliveryDocument } from './alert-documents.ts';
import { type MongoContext, storeNow } from './context.ts';
import { atEdge, isDuplicateKey } from './driver-errors.ts';
import { decodePosition, encodePosition } from './paging.ts';
import { transact } from './transaction.ts';

type Alerts = Pick<AlertStore, 'raiseAlert' | 'closeAlert' | 'listAlerts' | 'deleteExpiredAlerts'>;

export function createAlerts(context: MongoContext): Alerts {
  return {
    raiseAlert: (id, finding) => atEdge(() => raise(context, id, finding)),
    closeAlert: (id, isRepeatable) => atEdge(() => close(context, id, isRepeatable)),
    listAlerts: (filter, page) => atEdge(() => list(context, filter, page)),
    deleteExpiredAlerts: (before, limit) => atEdge(() => deleteExpired(context, before, limit)),
  };
}

async function raise(context: MongoContext, id: string, finding: Finding): Promise<boolean> {
  const { rows, options } = context;
  // The usual answer to what is found again, at the cost of a read.
  const known = await rows.alerts.findOne({ occurrence: finding.occurrence }, { projection: { _id: 1 } });
  if (known !== null) return false;
  try {
    await transact(context, async (session) => {
      const now = storeNow(context);
      const alert = { ...finding, state: 'open' as const, openAt: now, closeAt: null };
      await rows.alerts.insertOne({ _id: id, ...alert }, { session });
      const webhooks = await rows.webhooks.find({}, { session }).sort({ _id: 1 }).toArray();
      const times = { attempts: 0, nextAt: now, createdAt: now, endAt: null, problem: '' };
      const deliveries = webhooks
        .filter((webhook) => wants(webhook, finding.kind))
        .map(({ _id: webhookId }) => {
          return { _id: options.newId(), webhookId, alertId: id, state: 'pending' as const, ...times };
        });
      if (deliveries.length > 0) await rows.deliveries.insertMany(deliveries, { session });
    });
    return true;
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    return false;
  }
}

async function close(context: MongoContext, id: string, isRepeatable: boolean): Promise<boolean> {
  const occurrence = isRepeatable ? { occurrence: { $concat: ['$occurrence', '|', '$_id'] } } : {};
  const { matchedCount } = await context.rows.alerts.updateOne({ _id: id, state: 'open' }, [
    { $set: { state: 'closed', closeAt: storeNow(context), ...occurrence } },
  ]);
  return matchedCount > 0;
}

async function list(
  { rows }: MongoContext,
  { state, kind }: AlertFilter,
  page: PageRequest,
): Promise<Page<ListedAlert>> {
  const [before] = page.after === null ? [] : decodePosition(page.after, ['string']);
  const filter: Filter<AlertDocument> = {
    ...(state === undefined ? {} : { state }),
    ...(kind === undefined ? {} : { kind }),
    ...(before === undefined ? {} : { _id: { $lt: String(before) } }),
  };
  const found = await rows.alerts
    .find(filter)
    .sort({ _id: -1 })
    .limit(page.limit + 1)
    .toArray();
  const shown = found.slice(0, page.limit);
  const ids = shown.map(({ _id }) => _id);
  const deliveries = await rows.deliveries
    .find({ alertId: { $in: ids } })
    .sort({ _id: 1 })
    .toArray();
  const byAlert = Map.groupBy(deliveries.map(fromDeliveryDocument), ({ alertId }) => alertId);
  const last = shown.at(-1);
  return {
    items: shown.map((row) => ({ ...fromAlertDocument(row), deliveries: byAlert.get(row._id) ?? [] })),
    next: found.length > page.limit && last !== undefined ? encodePosition([last._id]) : null,
  };
}

/** Deliveries first: an alert that is left shows what is to be done again. */
async function deleteExpired({ rows }: MongoContext, before: number, limit: number): Promise<number> {
  const closed = await rows.alerts
    .find({ state: 'closed', closeAt: { $lt: before } }, { projection: { _id: 1 } })
    .sort({ closeAt: 1 })
    .limit(limit)
    .toArray();
  const ids = closed.map(({ _id }) => _id);
  if (ids.length > 0) {
    await rows.deliveries.deleteMany({ alertId: { $in: ids } });
    await rows.alerts.deleteMany({ _id: { $in: ids } });
  }
  const ended = await rows.deliveries
    .find({ endAt: { $lt: before } }, { projection: { _id: 1 } })
    .sort({ endAt: 1 })
    .limit(limit)
    .toArray();
  if (ended.length > 0) await rows.deliveries.deleteMany({ _id: { $in: ended.map(({ _id }) => _id) } });
  return ids.length + ended.length;
}
