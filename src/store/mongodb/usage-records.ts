import { MongoBulkWriteError } from 'mongodb';
import type { UsageRecord } from '../../model/audit.ts';
import { StoreError } from '../errors.ts';
import type { RecordsDocument, StoredRecord } from './collections.ts';
import type { MongoContext } from './context.ts';
import { DUPLICATE_KEY } from './driver-errors.ts';

/**
 * Writes usage records at a moment (ms); durable on a majority when it resolves. Those that are `once` get rows of their
 * own, in which their ids are unique; all others share one. Returns how many were written: `once` ones that are there
 * already are passed over. Errors: `unavailable` (or the driver's), and any of them may be stored or not.
 */
export async function insertUsageRecords(
  { rows }: Pick<MongoContext, 'rows'>,
  records: readonly UsageRecord[],
  at: number,
): Promise<number> {
  const fresh = records.filter(({ once }) => !once);
  const single = new Map(records.filter(({ once }) => once).map((record) => [record.id, record]));
  const documents = [
    ...[...single.values()].map((record) => documentOf(at, [record])),
    ...(fresh.length === 0 ? [] : [documentOf(at, fresh)]),
  ];
  if (documents.length === 0) return 0;
  try {
    await rows.usage.insertMany(documents, { ordered: false });
    return single.size + fresh.length;
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError)) throw error;
    const failures = [error.writeErrors].flat();
    const others = failures.filter(({ code }) => code !== DUPLICATE_KEY);
    // Without a confirmed majority even a duplicate may be one that is rolled back.
    if (error.result.getWriteConcernError() !== undefined || failures.length === 0 || others.length > 0)
      throw new StoreError('unavailable', 'Usage records were not confirmed by a majority.', {
        cause: error,
      });
    return single.size + fresh.length - failures.length;
  }
}

/** One row with all of the records; its id is the first one's. */
function documentOf(at: number, records: readonly UsageRecord[]): RecordsDocument {
  return {
    _id: records[0]?.id ?? '',
    kind: 'records',
    at,
    draws: records.map((record, serial) => storedRecord(record, serial)),
  };
}

function storedRecord(record: UsageRecord, serial: number): StoredRecord {
  const { id, kind, consumerId, units, resource, endpoint, statusCode, outcome } = record;
  return {
    serial,
    consumer: consumerId,
    request: record.requestId,
    peer: record.peerAddress,
    id,
    kind,
    units,
    ...(resource === null ? {} : { resource }),
    ...(endpoint === null ? {} : { endpoint }),
    ...(statusCode === null ? {} : { status: statusCode }),
    ...(outcome === null ? {} : { outcome }),
  };
}
