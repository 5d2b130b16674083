import type { Availability } from '../store/port.ts';
import type { Call, Context } from './context.ts';
import { drawQueues } from './draw-queues.ts';
import { fromStore } from './store-errors.ts';

/** Keys counted for an answer; more are told as `capped`. */
export const AVAILABILITY_CAP = 1000;

/**
 * How many keys the caller could draw for a feature now, and when the next one comes free if none is.
 * Errors: FEATURE_NOT_FOUND, FEATURE_NOT_GRANTED, STORE_UNAVAILABLE.
 */
export async function getAvailability(
  context: Context,
  call: Call,
  input: { readonly feature: string },
): Promise<Availability> {
  try {
    const queues = await drawQueues(context, call.identity, input.feature, null);
    return await context.store.availability(queues, AVAILABILITY_CAP);
  } catch (error) {
    throw fromStore(error);
  }
}
