import { StoreError } from '../errors.ts';

/** SQLite's primary result codes that need a sentence of their own (sqlite.org/rescode.html). */
export const SQLITE_BUSY = 5;
export const SQLITE_READONLY = 8;
export const SQLITE_CORRUPT = 11;
export const SQLITE_FULL = 13;
export const SQLITE_NOTADB = 26;
const SQLITE_CONSTRAINT = 19;

/** An error of the driver: of SQLite itself, or of a database that is closed. */
function isDriverError(error: unknown): error is Error & { readonly code: string } {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'ERR_SQLITE_ERROR' || error.code === 'ERR_INVALID_STATE')
  );
}

/** The primary result code of a driver error; null for any other error. */
export function resultCode(error: unknown): number | null {
  if (!isDriverError(error) || !('errcode' in error) || typeof error.errcode !== 'number') return null;
  return error.errcode & 0xff;
}

/** What a caller of the store may see of an error: driver errors become `StoreError`, others pass as they are. */
export function toStoreError(error: unknown): unknown {
  if (!isDriverError(error)) return error;
  const taken = /UNIQUE constraint failed: ((?:tiers|keys|consumers|quota_groups)\.\S+)/.exec(error.message);
  if (resultCode(error) === SQLITE_CONSTRAINT && taken !== null)
    return new StoreError('exists', 'a value that must be unique is taken', { cause: error });
  const sentence =
    resultCode(error) === SQLITE_FULL
      ? 'the disk is full: the database could not write'
      : 'the database did not confirm the operation';
  return new StoreError('unavailable', sentence, { cause: error });
}
