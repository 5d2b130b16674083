import type { DrawRequest } from '../store/port.ts';
import type { Context } from './context.ts';
import { KeypoolError, storeUnavailable } from './errors.ts';
import type { RoundsResult } from './waiting-draws.ts';

/**
 * The shortest wait that a caller is told: while a take that is due to be settled holds a spent key, its next moment is
 * always the very next one, and those who followed it would spin.
 */
const RETRY_MIN_MS = 100;

/** What a draw that found no key ended with. */
export type Refusal = Exclude<RoundsResult, { readonly kind: 'drawn' | 'stale' | 'late' }>;

/** What was asked for. */
export interface Asked {
  readonly feature: string;
  readonly units: number;
}

/** What the caller gets for a draw that ended so. */
export function refusal(context: Context, input: Asked, result: Refusal): KeypoolError {
  const metadata = { feature: input.feature };
  switch (result.kind) {
    case 'exhausted': {
      const retryAfterMs = Math.max(RETRY_MIN_MS, Math.ceil(result.nextAt - context.store.now()));
      const message = `Every key for ${input.feature} is at a limit. Try again in ${retryAfterMs} ms.`;
      return new KeypoolError('POOL_EXHAUSTED', message, { metadata, retryAfterMs });
    }
    case 'empty':
      return new KeypoolError(
        'POOL_EMPTY',
        `No key for ${input.feature} can serve this draw (units: ${input.units}), and waiting does not help. Draw fewer units if there are several, add keys, or raise or reset budgets.`,
        { metadata },
      );
    case 'gone':
      return new KeypoolError(
        'POOL_EMPTY',
        'The key of this request id can no longer be handed out. Draw again with a new request id.',
        { metadata },
      );
    case 'reused':
      return new KeypoolError(
        'REQUEST_ID_REUSED',
        'request_id: was used for a draw with other fields. Send the same fields again, or use a new id.',
        { violations: [{ field: 'requestId', description: 'use a new id for a draw with other fields' }] },
      );
    case 'unavailable':
      return storeUnavailable(result.kind);
  }
}

/** When to look again for what a job is placing. */
const PLACING_RETRY_MS = 1000;

/** A job may be about to bring keys into the queue, or to move them forward in it: then the wait is a short one. */
export async function withJobs(context: Context, request: DrawRequest, result: Refusal): Promise<Refusal> {
  const nextAt = context.store.now() + PLACING_RETRY_MS;
  const long = result.kind === 'empty' || (result.kind === 'exhausted' && result.nextAt > nextAt);
  if (!long) return result;
  const placing = await context.directory.beingPlaced();
  return request.queues.some(({ tierId }) => placing.has(tierId)) ? { kind: 'exhausted', nextAt } : result;
}

/** What the caller gets for a draw that found no key. */
export async function refused(
  context: Context,
  input: Asked,
  request: DrawRequest,
  result: Refusal,
): Promise<KeypoolError> {
  return refusal(context, input, await withJobs(context, request, result));
}
