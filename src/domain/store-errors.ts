import { StoreError, type StoreErrorKind } from '../store/errors.ts';
import { KeypoolError, storeUnavailable } from './errors.ts';

/** What a store's refusal means to the caller of one use case. */
export type StoreRefusals = Readonly<
  Partial<Record<Exclude<StoreErrorKind, 'unavailable'>, (error: StoreError) => KeypoolError>>
>;

/**
 * A StoreError of any kind as what the caller may know of it: as `refusals` says, STORE_UNAVAILABLE when the store is
 * out of reach, INTERNAL for a refusal nobody expects. Every other error is given back unchanged.
 */
export function fromStore(error: unknown, refusals: StoreRefusals = {}): unknown {
  if (!(error instanceof StoreError)) return error;
  if (error.kind === 'unavailable') return storeUnavailable(error);
  const refusal = refusals[error.kind];
  if (refusal !== undefined) return refusal(error);
  return new KeypoolError('INTERNAL', 'The service failed to answer. Look into its log.', { cause: error });
}

/** True of an error that says that the store could not be asked, or did not answer: it may be back soon. */
export function isOutOfReach(error: unknown): boolean {
  if (error instanceof KeypoolError) return error.reason === 'STORE_UNAVAILABLE' && isOutOfReach(error.cause);
  return error instanceof StoreError && error.kind === 'unavailable';
}

/** Waits for a call of the store and rejects with what {@link fromStore} makes of its error. */
export async function stored<T>(work: Promise<T>, refusals: StoreRefusals = {}): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw fromStore(error, refusals);
  }
}
