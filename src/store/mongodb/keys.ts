import type { ClientSession } from 'mongodb';
import type { AdminEvent } from '../../model/audit.ts';
import type { Key } from '../../model/key.ts';
import { StoreError } from '../errors.ts';
import type { KeyFilter, KeyStore } from '../port.ts';
import { writeEvents } from './admin-events.ts';
import { type MongoContext, storeNow } from './context.ts';
import { atEdge } from './driver-errors.ts';
import { fromKeyDocument, type KeyDocument, toKeyDocument } from './key-document.ts';
import { pageById } from './paging.ts';
import { fromTierDocument, lockTier, noSuchTier } from './tiers.ts';
import { transact } from './transaction.ts';

export function createKeyStore(context: MongoContext): KeyStore {
  const { rows } = context;
  return {
    createKeys: (tierId, build) => atEdge(() => createKeys(context, tierId, build)),
    getKey: (id) =>
      atEdge(async () => {
        const document = await rows.keys.findOne({ _id: id });
        return document === null ? null : fromKeyDocument(document);
      }),
    listKeys: (filter, page) =>
      atEdge(() => pageById(rows.keys, conditionsOf(filter), page, fromKeyDocument)),
    editKey: (id, edit) => atEdge(() => editKey(context, id, edit)),
    deleteKey: (id, check) => atEdge(() => deleteKey(context, id, check)),
  };
}

function conditionsOf({ tierId, state }: KeyFilter) {
  return { ...(tierId === undefined ? {} : { tierId }), ...(state === undefined ? {} : { state }) };
}

function noSuchKey(id: string): StoreError {
  return new StoreError('not-found', `There is no key "${id}".`);
}

function fingerprintId({ tierId, fingerprint }: Pick<Key, 'tierId' | 'fingerprint'>): string {
  return `${tierId}|${fingerprint}`;
}

/** Rows of their own, as a unique index of `keys` would have to begin with its shard key. Errors: a duplicate key's. */
async function claimFingerprints(
  { rows }: MongoContext,
  keys: readonly Key[],
  session: ClientSession,
): Promise<void> {
  if (keys.length === 0) return;
  await rows.fingerprints.insertMany(
    keys.map((key) => ({ _id: fingerprintId(key), key: key.id })),
    { session },
  );
}

async function releaseFingerprint(
  { rows }: MongoContext,
  key: Pick<Key, 'tierId' | 'fingerprint'>,
  session: ClientSession,
): Promise<void> {
  await rows.fingerprints.deleteOne({ _id: fingerprintId(key) }, { session });
}

/** Keys and their tier's revision go together: an edit of the tier, or its removal, waits or starts again. */
async function createKeys(
  context: MongoContext,
  tierId: string,
  build: Parameters<KeyStore['createKeys']>[1],
): Promise<readonly Key[]> {
  const created = await transact(context, async (session) => {
    const tier = await lockTier(context, tierId, session);
    const { keys, events } = build(tier, context.freshRank, storeNow(context));
    await claimFingerprints(context, keys, session);
    if (keys.length > 0) await context.rows.keys.insertMany(keys.map(toKeyDocument), { session });
    await writeEvents(context, events, session);
    return keys;
  });
  context.ahead.clear();
  return created;
}

/** The tier of a key, by which its row is named on every shard. It never changes. */
async function tierOf({ rows }: MongoContext, id: string): Promise<string> {
  const found = await rows.keys.findOne({ _id: id }, { projection: { tierId: 1 } });
  if (found === null) throw noSuchKey(id);
  return found.tierId;
}

/** The key as it stands between two takes: later ones wait for the transaction's end. */
async function lockKey(
  context: MongoContext,
  id: string,
  tierId: string,
  session: ClientSession,
): Promise<Key> {
  const document = await context.rows.keys.findOneAndUpdate(
    { _id: id, tierId },
    { $inc: { locks: 1 } },
    { session, returnDocument: 'after', projection: { took: 0 } },
  );
  if (document === null) throw noSuchKey(id);
  return fromKeyDocument(document);
}

async function editKey(
  context: MongoContext,
  id: string,
  edit: Parameters<KeyStore['editKey']>[1],
): Promise<Key> {
  const tierId = await tierOf(context, id);
  const edited = await transact(context, async (session) => {
    const before = await lockKey(context, id, tierId, session);
    const tier = await context.rows.tiers.findOne({ _id: tierId }, { session });
    if (tier === null) throw noSuchTier(tierId);
    const { row, event } = edit(before, fromTierDocument(tier), storeNow(context));
    if (event === null) {
      await session.abortTransaction();
      return row;
    }
    if (row.fingerprint !== before.fingerprint) {
      await releaseFingerprint(context, before, session);
      await claimFingerprints(context, [row], session);
    }
    await context.rows.keys.updateOne({ _id: id, tierId }, changesTo(row), { session });
    await writeEvents(context, [event], session);
    return row;
  });
  context.ahead.clear();
  return edited;
}

/** Writes all fields of the model, and takes away those that the row is to be without. */
function changesTo(key: Key) {
  const { _id: _same, ...fields } = toKeyDocument(key);
  const absent = (['openEnd', 'parkAt', 'outExpired'] as const).filter((name) => !(name in fields));
  return {
    $set: fields satisfies Partial<KeyDocument>,
    ...(absent.length === 0
      ? {}
      : { $unset: Object.fromEntries(absent.map((name) => [name, true as const])) }),
  };
}

async function deleteKey(context: MongoContext, id: string, check: (key: Key) => AdminEvent): Promise<void> {
  const tierId = await tierOf(context, id);
  await transact(context, async (session) => {
    const document = await context.rows.keys.findOneAndDelete({ _id: id, tierId }, { session });
    if (document === null) throw noSuchKey(id);
    await releaseFingerprint(context, document, session);
    await writeEvents(context, [check(fromKeyDocument(document))], session);
  });
}
