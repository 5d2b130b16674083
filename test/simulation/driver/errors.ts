import {
  type BulkWriteResult,
  MongoBulkWriteError,
  MongoNetworkError,
  MongoNetworkTimeoutError,
  MongoServerError,
  MongoWriteConcernError,
  type WriteError,
} from 'mongodb';
import type { Answer } from '../document-store/command.ts';

/*
 * The driver's errors as its version 7 makes them from what a server answers: of a write's errors the lack of a
 * majority comes first, and a bulk write wraps whatever ended it.
 */

export const DUPLICATE_KEY = 11000;

/** A row that a write could not store. */
export interface Refusal {
  readonly index: number;
  readonly id: string;
}

/** What a write command of several statements came to. */
export interface WriteCounts {
  readonly matched: number;
  readonly modified: number;
  readonly deleted: number;
  readonly inserted: number;
  readonly refused: readonly Refusal[];
}

export function connectionClosed(): MongoNetworkError {
  return new MongoNetworkError('the simulated connection was closed');
}

export function timedOut(): MongoNetworkTimeoutError {
  return new MongoNetworkTimeoutError('the simulated connection timed out');
}

const unconfirmedText = 'waiting for replication was interrupted';

/** The value of an answer; throws for one that is not `done`. */
export function valueIn(answer: Answer): unknown {
  if (answer.kind === 'done') return answer.value;
  if (answer.kind === 'cut') throw connectionClosed();
  if (answer.kind === 'failed')
    throw new MongoServerError({
      message: `the simulated server failed with code ${answer.code}`,
      code: answer.code,
      errorLabels: [...(answer.labels ?? [])],
    });
  throw new MongoWriteConcernError({
    ok: 1,
    writeConcernError: { code: answer.code, errmsg: unconfirmedText },
  });
}

export function duplicateKey({ id }: Refusal): MongoServerError {
  return new MongoServerError({
    message: `E11000 duplicate key error dup key: { _id: "${id}" }`,
    code: DUPLICATE_KEY,
  });
}

/** The counts of a bulk write; throws as `Collection.bulkWrite` and `insertMany` do. */
export function bulkResult(answer: Answer): WriteCounts {
  const counts = countsIn(answer);
  const isUnconfirmed = answer.kind === 'unconfirmed';
  const concern = isUnconfirmed ? { code: answer.code, errmsg: unconfirmedText } : undefined;
  if (concern !== undefined)
    throw new MongoBulkWriteError({ message: concern.errmsg, code: concern.code }, resultOf(counts, concern));
  if (answer.kind !== 'done') {
    try {
      valueIn(answer);
    } catch (error) {
      if (error instanceof Error) throw new MongoBulkWriteError(error, resultOf(counts, undefined));
    }
  }
  const [first] = counts.refused;
  if (first === undefined) return counts;
  const writeErrors = counts.refused.map(
    ({ index }): WriteError => Object.assign(Object.create(null), { index, code: DUPLICATE_KEY }),
  );
  const message = `E11000 duplicate key error dup key: { _id: "${first.id}" }`;
  throw new MongoBulkWriteError({ message, code: DUPLICATE_KEY, writeErrors }, resultOf(counts, undefined));
}

/** What the driver makes of a bulk write whose connection broke. */
export function brokenBulk(error: Error): MongoBulkWriteError {
  return new MongoBulkWriteError(error, resultOf(NO_COUNTS, undefined));
}

export const NO_COUNTS: WriteCounts = { matched: 0, modified: 0, deleted: 0, inserted: 0, refused: [] };

function countsIn(answer: Answer): WriteCounts {
  if (answer.kind !== 'done' && answer.kind !== 'unconfirmed') return NO_COUNTS;
  return answer.value as WriteCounts;
}

function resultOf(counts: WriteCounts, concern: { code: number; errmsg: string } | undefined) {
  const result: BulkWriteResult = Object.assign(Object.create(null), {
    insertedCount: counts.inserted,
    matchedCount: counts.matched,
    modifiedCount: counts.modified,
    deletedCount: counts.deleted,
    upsertedCount: 0,
    getWriteConcernError: () => concern,
  });
  return result;
}
