import { MongoBulkWriteError } from 'mongodb';
import type { UsageRecord } from '../../model/audit.ts';
import { StoreError } from '../errors.ts';
import type { RecordsDocument, StoredRecord } from './collections.ts';
import type { MongoContext } from './context.ts';
import { DUPLICATE_KEY } from './driver-errors.ts';

/**
 * Writes usage records at a moment (ms); durable on a majority when it resolves. Those that are `once` get rows of their
 * own, in which their ids are unique; all others share one, `row`. Returns how many were written: `once` ones that are
 * there already are passed over. Errors: `unavailable` (or the driver's), and any of them may be stored or not.
 */
export async function insertUsageRecords(
  { rows }: Pick<MongoContext, 'rows'>,
  records: readonly UsageRecord[],
  at: number,
  row: string,
): Promise<number> {
  const fresh = records.filter(({ once }) => !once);
  const single = new Map(records.filter(({ once }) => once).map((record) => [record.id, record]));
  const documents = [
    ...[...single.values()].map((record) => recordsRow(record.id, [record], at)),
    ...(fresh.length === 0 ? [] : [recordsRow(row, fresh, at)]),
  ];
  const refused = await insertRecordRows(rows, documents);
  return single.size + fresh.length - refused.size;
}

/**
 * Writes rows, durable on a majority when it resolves; gives the ids of those that were there already. Errors as
 * {@link insertUsageRecords}.
 */
export async function insertRecordRows(
  { usage }: Pick<MongoContext['rows'], 'usage'>,
  documents: readonly RecordsDocument[],
): Promise<ReadonlySet<string>> {
  if (documents.length === 0) return new Set();
  try {
    await usage.insertMany(documents, { ordered: false });
    return new Set();
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError)) throw error;
    const failures = [error.writeErrors].flat();
    const others = failures.filter(({ code }) => code !== DUPLICATE_KEY);
    // Without a confirmed majority even a duplicate may be one that is rolled back.
    if (error.result.getWriteConcernError() !== undefined || failures.length === 0 || others.length > 0)
      throw new StoreError('unavailable', 'Usage records were not confirmed by a majority.', {
        cause: error,
      });
    return new Set(failures.map(({ index }) => documents[index]?._id ?? ''));
  }
}

/** One row with all of the records. */
export function recordsRow(_id: string, records: readonly UsageRecord[], at: number): RecordsDocument {
  return {
    _id,
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
