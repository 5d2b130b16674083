import type { ClientSession, Filter } from 'mongodb';
import type { Consumer } from '../../model/consumer.ts';
import { StoreError } from '../errors.ts';
import type { ConsumerFilter, ConsumerStore } from '../port.ts';
import { writeEvents } from './admin-events.ts';
import type { ConsumerDocument } from './collections.ts';
import { type MongoContext, storeNow } from './context.ts';
import { atEdge } from './driver-errors.ts';
import { pageById } from './paging.ts';
import { lockTier } from './tiers.ts';
import { transact } from './transaction.ts';

function toDocument({ id, ...consumer }: Consumer): ConsumerDocument {
  return { _id: id, ...consumer };
}

/** Rows of the first schema, and those that a process of it writes yet, lack the fields of the second. */
const FIRST_SCHEMA = { creditLimits: [], revocation: null, previousToken: null };

function fromDocument({ _id, ...consumer }: ConsumerDocument): Consumer {
  return { id: _id, ...FIRST_SCHEMA, ...consumer };
}

function noSuchConsumer(id: string): StoreError {
  return new StoreError('not-found', `There is no consumer "${id}".`);
}

export function createConsumers(context: MongoContext): ConsumerStore {
  const { rows, announce } = context;
  const findOne = (filter: Filter<ConsumerDocument>) =>
    atEdge(async () => {
      const document = await rows.consumers.findOne(filter);
      return document === null ? null : fromDocument(document);
    });
  return {
    createConsumer: (consumer, event) =>
      atEdge(async () => {
        await transact(context, async (session) => {
          await lockTiers(context, consumer.grantedTierIds, session);
          await rows.consumers.insertOne(toDocument(consumer), { session });
          await writeEvents(context, [event], session);
        });
        announce({ kind: 'consumer', id: consumer.id });
      }),
    getConsumer: (id) => findOne({ _id: id }),
    findConsumerByTokenHash: (tokenHash) =>
      findOne({
        $or: [
          { tokenHash },
          { 'previousToken.hash': tokenHash, 'previousToken.expireAt': { $gt: storeNow(context) } },
        ],
      }),
    listConsumers: (filter, page) =>
      atEdge(() => pageById(rows.consumers, conditionsOf(filter), page, fromDocument)),
    editConsumer: (id, edit) => atEdge(() => editConsumer(context, id, edit)),
    deleteConsumer: (id, check) =>
      atEdge(async () => {
        await transact(context, async (session) => {
          const document = await rows.consumers.findOneAndDelete({ _id: id }, { session });
          if (document === null) throw noSuchConsumer(id);
          await writeEvents(context, [check(fromDocument(document))], session);
        });
        announce({ kind: 'consumer', id });
      }),
    touchConsumers: (usedAt) =>
      atEdge(async () => {
        if (usedAt.size === 0) return;
        const updates = [...usedAt].map(([id, at]) => ({
          updateOne: { filter: { _id: id }, update: { $max: { lastUsedAt: at } } },
        }));
        await rows.consumers.bulkWrite(updates, { ordered: false });
      }),
  };
}

function conditionsOf({ owner, environment, state, exceptState }: ConsumerFilter): Filter<ConsumerDocument> {
  return {
    ...(owner === undefined ? {} : { owner }),
    ...(environment === undefined ? {} : { environment }),
    ...(state === undefined && exceptState === undefined
      ? {}
      : {
          state: {
            ...(state === undefined ? {} : { $eq: state }),
            ...(exceptState === undefined ? {} : { $ne: exceptState }),
          },
        }),
  };
}

/** Tiers that get a grant stay until the transaction's end. Errors: `not-found`. */
async function lockTiers(
  context: MongoContext,
  ids: readonly string[],
  session: ClientSession,
): Promise<void> {
  for (const id of [...ids].sort()) await lockTier(context, id, session);
}

async function editConsumer(
  context: MongoContext,
  id: string,
  edit: Parameters<ConsumerStore['editConsumer']>[1],
): Promise<Consumer> {
  const { rows, announce } = context;
  const { row, event } = await transact(context, async (session) => {
    const document = await rows.consumers.findOne({ _id: id }, { session });
    if (document === null) throw noSuchConsumer(id);
    const before = fromDocument(document);
    const edited = edit(before);
    if (edited.event === null) return edited;
    const granted = edited.row.grantedTierIds.filter((tierId) => !before.grantedTierIds.includes(tierId));
    await lockTiers(context, granted, session);
    // The moment of last use moves outside of edits, and never back.
    const { _id: _same, lastUsedAt: _moves, ...fields } = toDocument(edited.row);
    await rows.consumers.updateOne({ _id: id }, { $set: fields }, { session });
    await writeEvents(context, [edited.event], session);
    return edited;
  });
  if (event !== null) announce({ kind: 'consumer', id });
  return row;
}
