import type { SigningKey } from '../../model/signing-key.ts';
import type { IdentityStore } from '../port.ts';
import type { SigningKeyDocument } from './collections.ts';
import type { MongoContext } from './context.ts';
import { atEdge, isDuplicateKey } from './driver-errors.ts';

type SigningKeys = Pick<
  IdentityStore,
  'listSigningKeys' | 'addSigningKey' | 'resealSigningKey' | 'deleteSigningKeys'
>;

/** A row's id is the key that it follows: so there is one, on whatever shard. */
function toDocument({ follows, ...key }: SigningKey): SigningKeyDocument {
  return { _id: follows, ...key };
}

function fromDocument({ _id, ...key }: SigningKeyDocument): SigningKey {
  return { ...key, follows: _id };
}

export function createSigningKeys({ rows }: MongoContext): SigningKeys {
  return {
    listSigningKeys: () =>
      atEdge(async () =>
        (await rows.signingKeys.find({}).sort({ signFrom: 1, id: 1 }).toArray()).map(fromDocument),
      ),
    addSigningKey: (key) =>
      atEdge(async () => {
        try {
          await rows.signingKeys.insertOne(toDocument(key));
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
