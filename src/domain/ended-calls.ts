import { KeypoolError } from './errors.ts';

/** How long a caller waits before it tries another process, or the next, in ms. */
const RETRY_MS = 1000;

export function shuttingDown(): KeypoolError {
  return new KeypoolError(
    'SHUTTING_DOWN',
    'This process is shutting down. Try again: another one, or the next, serves you.',
    { retryAfterMs: RETRY_MS },
  );
}

export function callerGone(): KeypoolError {
  return new KeypoolError('CANCELED', 'The caller has gone.');
}
