import type { ClientSession } from 'mongodb';
import type { SigningKey } from '../../model/signing-key.ts';
import type { IdentityStore } from '../port.ts';
import { writeEvents } from './admin-events.ts';
import type { SigningKeyDocument } from './collections.ts';
import type { MongoContext } from './context.ts';
import { atEdge, isDuplicateKey } from './driver-errors.ts';
import { transact } from './transaction.ts';

type SigningKeys = Pick<
  IdentityStore,
  'listSigningKeys' | 'addSigningKey' | 'replaceSigningKeys' | 'resealSigningKey' | 'deleteSigningKeys'
>;

/** A row's id is the key that it follows: so there is one, on whatever shard. */
function toDocument({ follows, ...key }: SigningKey): SigningKeyDocument {
  return { _id: follows, ...key };
}

function fromDocument({ _id, ...key }: SigningKeyDocument): SigningKey {
  return { ...key, follows: _id };
}

async function readAll({ rows }: MongoContext, session?: ClientSession): Promise<readonly SigningKey[]> {
  const found = rows.signingKeys.find({}, session === undefined ? {} : { session });
  return (await found.sort({ signFrom: 1, id: 1 }).toArray()).map(fromDocument);
}

/** What another process adds meanwhile follows the same key, and is the same row: one of the two comes first. */
function replaceAll(context: MongoContext, make: Parameters<SigningKeys['replaceSigningKeys']>[0]) {
  const { signingKeys } = context.rows;
  return transact(context, async (session) => {
    const { key, isAlone, event } = make(await readAll(context, session));
    // Earlier than the new key, also one that was still to sign: it stands last.
    const end = { $min: { signUntil: key.signFrom, signFrom: key.signFrom - 1 } };
    if (isAlone) await signingKeys.deleteMany({}, { session });
    else await signingKeys.updateMany({}, end, { session });
    await signingKeys.insertOne(toDocument(key), { session });
    await writeEvents(context, [event], session);
  });
}

export function createSigningKeys(context: MongoContext): SigningKeys {
  const { rows, announce } = context;
  return {
    listSigningKeys: () => atEdge(() => readAll(context)),
    replaceSigningKeys: (make) =>
      atEdge(async () => {
        await replaceAll(context, make);
        announce({ kind: 'signing-keys' });
      }),
    addSigningKey: (key) =>
      atEdge(async () => {
        try {
          await rows.signingKeys.insertOne(toDocument(key));
          announce({ kind: 'signing-keys' });
          return true;
        } catch (error) {
          if (!isDuplicateKey(error)) throw error;
          return false;
        }
      }),
    resealSigningKey: (id, from, to) =>
      atEdge(async () => {
        const { matchedCount } = await rows.signingKeys.updateOne(
          { id, privateKey: from },
          { $set: { privateKey: to } },
        );
        return matchedCount > 0;
      }),
    deleteSigningKeys: (before) =>
      atEdge(async () => {
        await rows.signingKeys.deleteMany({ signUntil: { $lt: before } });
      }),
  };
}
