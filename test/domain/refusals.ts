import assert from 'node:assert/strict';
import { KeypoolError, type Reason } from '../../src/domain/errors.ts';

/** Waits for a call to be refused for this reason, and gives the error. */
export async function refused(work: Promise<unknown>, reason: Reason): Promise<KeypoolError> {
  const error: unknown = await work.then(
    () => new Error(`was not refused, but should be: ${reason}`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof KeypoolError)) throw error;
  assert.equal(error.reason, reason, error.message);
  return error;
}

/** Waits for INVALID_FIELD and gives the paths of the fields that were refused. */
export async function refusedFields(work: Promise<unknown>): Promise<readonly string[]> {
  const error = await refused(work, 'INVALID_FIELD');
  return error.violations.map(({ field }) => field);
}
