import { MongoBulkWriteError, MongoError } from 'mongodb';
import { DUPLICATE_KEY } from './driver-errors.ts';

/** `ours`: no other call has it; `theirs`: another has, or had; `unknown`: it may be ours. */
export type ClaimFate = 'ours' | 'theirs' | 'unknown';

/** What became of so many rows that `insert` writes, in any order, each under the id that is claimed. */
export async function claimFates(count: number, insert: () => Promise<unknown>): Promise<ClaimFate[]> {
  const fates = Array.from({ length: count }, (): ClaimFate => 'ours');
  if (count === 0) return fates;
  try {
    await insert();
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
    const failures = error instanceof MongoBulkWriteError ? [error.writeErrors].flat() : [];
    const unconfirmed =
      !(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError() !== undefined;
    if (unconfirmed || failures.length === 0) fates.fill('unknown');
    for (const { index, code } of failures) fates[index] = code === DUPLICATE_KEY ? 'theirs' : 'unknown';
  }
  return fates;
}
