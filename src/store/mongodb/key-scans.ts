import type { Filter } from 'mongodb';
import type { ScannedKey } from '../../model/key-order.ts';
import type { KeyBulkStore, ScanFrom } from '../port.ts';
import type { MongoContext } from './context.ts';
import { atEdge } from './driver-errors.ts';
import { fromKeyDocument, fromStateDocument, type KeyDocument } from './key-document.ts';
import { conditionsOf, fingerprintId } from './keys.ts';
import { pageById } from './paging.ts';

/** What a scan leaves where it is: what is handed out, and what only draws look at. */
const WITHOUT = {
  value: 0,
  secrets: 0,
  metadata: 0,
  name: 0,
  fingerprint: 0,
  stateReason: 0,
  took: 0,
  earlier: 0,
} as const;

function scanned(document: KeyDocument): ScannedKey {
  return { id: document._id, tierId: document.tierId, ...fromStateDocument(document) };
}

/** Looks through keys without their values. */
export function createKeyScans(
  context: MongoContext,
): Pick<KeyBulkStore, 'scanKeys' | 'listUnwellKeys' | 'readKeys' | 'takenFingerprints'> {
  const { rows } = context;
  return {
    scanKeys: (filter, from) => atEdge(() => scan(context, conditionsOf(filter), from)),
    listUnwellKeys: (filter, page) =>
      atEdge(() => pageById(rows.keys, { ...conditionsOf(filter), unwell: true }, page, scanned, WITHOUT)),
    readKeys: (ids) =>
      atEdge(async () => {
        const found = await rows.keys.find({ _id: { $in: [...ids] } }).toArray();
        return found.map(fromKeyDocument);
      }),
    takenFingerprints: (tierId, fingerprints) =>
      atEdge(async () => {
        const ids = new Map(
          fingerprints.map((fingerprint) => [fingerprintId({ tierId, fingerprint }), fingerprint]),
        );
        const found = await rows.fingerprints
          .find({ _id: { $in: [...ids.keys()] } }, { projection: { _id: 1 } })
          .toArray();
        return new Set(found.map(({ _id }) => ids.get(_id) ?? ''));
      }),
  };
}

async function scan(
  { rows }: MongoContext,
  conditions: Filter<KeyDocument>,
  { after, descending, limit }: ScanFrom,
): Promise<readonly ScannedKey[]> {
  const position = after === null ? {} : { _id: descending ? { $lt: after } : { $gt: after } };
  const documents = await rows.keys
    .find({ ...conditions, ...position }, { projection: WITHOUT })
    .sort({ _id: descending ? -1 : 1 })
    .limit(limit)
    .toArray();
  return documents.map(scanned);
}
