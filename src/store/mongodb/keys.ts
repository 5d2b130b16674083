import type { ClientSession } from 'mongodb';
import type { AdminEvent } from '../../model/audit.ts';
import type { Key } from '../../model/key.ts';
import { StoreError } from '../errors.ts';
import type { KeyFilter, KeyStore } from '../port.ts';
import { writeEvents } from './admin-events.ts';
import { type MongoContext, storeNow } from './context.ts';
import { atEdge } from './driver-errors.ts';
import { fromKeyDocument, type KeyDocument, toKeyDocument } from './key-document.ts';
import { lockGroups } from './lock-groups.ts';
import { pageById } from './paging.ts';
import { serverNow } from './server-now.ts';
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

/** The rows that a filter lets through. */
export function conditionsOf({ tierId, state, groupId }: KeyFilter) {
  return {
    ...(tierId === undefined ? {} : { tierId }),
    ...(state === undefined ? {} : { state }),
    ...(groupId === undefined ? {} : { 'traits.groupId': groupId }),
  };
}

function noSuchKey(id: string): StoreError {
  return new StoreError('not-found', `There is no key "${id}".`);
}

/** Names a value within its tier. */
export function fingerprintId({ tierId, fingerprint }: Pick<Key, 'tierId' | 'fingerprint'>): string {
  return `${tierId}|${fingerprint}`;
}

/** Rows of their own, as a unique index of `keys` would have to begin with its shard key. Errors: a duplicate key's. */
export async function claimFingerprints(
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

/** The tier's next key may have its value. */
export async function releaseFingerprint(
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
    await lockGroups(
      context,
      keys.map(({ traits }) => traits.groupId),
      session,
    );
    await claimFingerprints(context, keys, session);
    if (keys.length > 0) await context.rows.keys.insertMany(keys.map(toKeyDocument), { session });
    await writeEvents(context, events, session);
    return keys;
  });
  context.ahead.clear();
  if (created.length > 0) context.freed(tierId);
  return created;
}

/**
 * Runs `work` in a transaction, with the tier of a key, by which its row is named on every shard; anew when the key goes to
 * another meanwhile.
 */
export async function transactInTier<T>(
  context: MongoContext,
  id: string,
  work: (session: ClientSession, tierId: string) => Promise<T>,
): Promise<T> {
  let tierId = await tierOf(context, id);
  for (;;) {
    try {
      return await transact(context, (session) => work(session, tierId));
    } catch (error) {
      if (!(error instanceof StoreError && error.kind === 'not-found')) throw error;
      const now = await tierOf(context, id);
      if (now === tierId) throw error;
      tierId = now;
    }
  }
}

async function tierOf({ rows }: MongoContext, id: string): Promise<string> {
  const found = await rows.keys.findOne({ _id: id }, { projection: { tierId: 1 } });
  if (found === null) throw noSuchKey(id);
  return found.tierId;
}

/** The key as it stands between two takes: later ones wait for the transaction's end. */
export async function lockKey(
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
  let isEdited = false;
  const edited = await transactInTier(context, id, async (session, tierId) => {
    isEdited = false;
    const before = await lockKey(context, id, tierId, session);
    const tier = await context.rows.tiers.findOne({ _id: tierId }, { session });
    if (tier === null) throw noSuchTier(tierId);
    const now = await serverNow(context.rows.keys, { _id: id, tierId }, session);
    const { row, event } = edit(before, fromTierDocument(tier), now);
    if (event === null) {
      await session.abortTransaction();
      return row;
    }
    isEdited = true;
    const { groupId } = row.traits;
    if (groupId !== before.traits.groupId) await lockGroups(context, [groupId], session);
    if (row.fingerprint !== before.fingerprint) {
      await releaseFingerprint(context, before, session);
      await claimFingerprints(context, [row], session);
    }
    await context.rows.keys.updateOne({ _id: id, tierId }, editOf(context, row), { session });
    await writeEvents(context, [event], session);
    return row;
  });
  context.ahead.clear();
  if (isEdited) context.freed(edited.tierId);
  if (edited.budgets.length > 0) context.budgetWatch.see(id, edited.budgets);
  return edited;
}

/** The update of an edit: whoever read the row before, and writes it only as it was then, is to find it another. */
export function editOf({ options }: MongoContext, key: Key) {
  const { $set, ...rest } = changesTo(key);
  return { $set: { ...$set, turn: options.newId() }, ...rest };
}

/** Writes all fields of the model, and takes away those that the row is to be without. */
function changesTo(key: Key) {
  const { _id: _same, ...fields } = toKeyDocument(key);
  const absent = (
    ['openEnd', 'parkAt', 'outExpired', 'traits', 'health', 'holds', 'smart', 'unwell'] as const
  ).filter((name) => !(name in fields));
  return {
    $set: fields satisfies Partial<KeyDocument>,
    ...(absent.length === 0
      ? {}
      : { $unset: Object.fromEntries(absent.map((name) => [name, true as const])) }),
  };
}

async function deleteKey(context: MongoContext, id: string, check: (key: Key) => AdminEvent): Promise<void> {
  await transactInTier(context, id, async (session, tierId) => {
    const document = await context.rows.keys.findOneAndDelete({ _id: id, tierId }, { session });
    if (document === null) throw noSuchKey(id);
    await releaseFingerprint(context, document, session);
    await writeEvents(context, [check(fromKeyDocument(document))], session);
  });
}
