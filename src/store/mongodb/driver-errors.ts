import { MongoError, MongoServerError } from 'mongodb';
import { StoreError } from '../errors.ts';

/** The server's code for a row whose unique value is taken. */
export const DUPLICATE_KEY = 11000;

export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/** Runs a method of the port: errors of the driver leave as `StoreError`, everything else as it was thrown. */
export async function atEdge<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toStoreError(error);
  }
}

/** A driver's error as the port's; what is not the driver's (a callback's, a `StoreError`) stays as it is. */
export function toStoreError(error: unknown): unknown {
  if (!(error instanceof MongoError)) return error;
  if (isDuplicateKey(error))
    return new StoreError('exists', 'Another row has this unique value already.', { cause: error });
  return new StoreError('unavailable', 'The database is out of reach or did not confirm the operation.', {
    cause: error,
  });
}
