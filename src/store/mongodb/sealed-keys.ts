import type { AnyBulkWriteOperation } from 'mongodb';
import type { SealedKey, SealStore } from '../port.ts';
import { writeEvents } from './admin-events.ts';
import type { MongoContext } from './context.ts';
import { atEdge } from './driver-errors.ts';
import { fromStoredMap, type KeyDocument, toStoredMap } from './key-document.ts';
import { pageById } from './paging.ts';
import { transact } from './transaction.ts';

const SEALED = { tierId: 1, value: 1, secrets: 1 };

export function createSealStore(context: MongoContext): SealStore {
  const { rows } = context;
  return {
    listSealedKeys: (page) => atEdge(() => pageById(rows.keys, {}, page, toSealedKey, SEALED)),
    resealKeys: (changes) =>
      atEdge(async () => {
        if (changes.length === 0) return 0;
        const { modifiedCount } = await rows.keys.bulkWrite(changes.map(toUpdate), { ordered: false });
        return modifiedCount;
      }),
    findSealed: (...search) => atEdge(() => findSealed(context, ...search)),
    resealMeta: (name, from, to) =>
      atEdge(async () => {
        const { matchedCount } = await rows.meta.updateOne(
          { _id: name, value: from },
          { $set: { value: to } },
        );
        return matchedCount > 0;
      }),
    deleteMeta: (name, value) =>
      atEdge(async () => (await rows.meta.deleteOne({ _id: name, value })).deletedCount > 0),
    noteAdminEvent: (event) =>
      atEdge(() => transact(context, (session) => writeEvents(context, [event], session))),
  };
}

/** Found by the server, so that no key's texts travel. */
async function findSealed({ rows }: MongoContext, prefix: string, after: string, limit: number) {
  const begins = (text: string) => ({ $eq: [{ $indexOfBytes: [text, prefix] }, 0] });
  const secrets = { $map: { input: '$secrets.v', in: begins('$$this') } };
  const [looked] = await rows.keys
    .aggregate<{ count: number; last: string; isFound: boolean }>([
      { $match: { _id: { $gt: after } } },
      { $sort: { _id: 1 } },
      { $limit: limit },
      { $project: { isFound: { $or: [begins('$value'), { $anyElementTrue: [secrets] }] } } },
      { $group: { _id: null, count: { $sum: 1 }, last: { $max: '$_id' }, isFound: { $max: '$isFound' } } },
    ])
    .toArray();
  const next = looked === undefined || looked.count < limit ? null : looked.last;
  return { isFound: looked?.isFound ?? false, next };
}

function toSealedKey({ _id, tierId, value, secrets }: KeyDocument): SealedKey {
  return { id: _id, tierId, value, secrets: fromStoredMap(secrets) };
}

/** Names the row on its shard, and replaces nothing but these texts. */
function toUpdate({
  from,
  to,
}: Parameters<SealStore['resealKeys']>[0][number]): AnyBulkWriteOperation<KeyDocument> {
  return {
    updateOne: {
      filter: { _id: from.id, tierId: from.tierId, value: from.value, secrets: toStoredMap(from.secrets) },
      update: { $set: { value: to.value, secrets: toStoredMap(to.secrets) } },
    },
  };
}
