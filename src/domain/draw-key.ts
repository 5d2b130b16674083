import { hash } from 'node:crypto';
import type { DrawQueue } from '../model/round.ts';
import type { Drawn, DrawRequest } from '../store/port.ts';
import { currentIdentity } from './authenticate.ts';
import type { Call, Context, Identity } from './context.ts';
import { drawQueues, knownQueues, queuesForUnits } from './draw-queues.ts';
import { refused } from './draw-refusal.ts';
import { storeUnavailable } from './errors.ts';
import { callerIdOf } from './identity.ts';
import { type DrawnKey, release, withholdUnsent } from './release-key.ts';
import { fromStore } from './store-errors.ts';
import { isNoKey, type NoKey, waitForKey } from './wait-for-key.ts';
import { FRESH_MS, type RoundsResult } from './waiting-draws.ts';
import type { Ticket } from './waiting-lines.ts';

export interface DrawKeyInput {
  readonly feature: string;
  /** 1 to 1,000,000. */
  readonly units: number;
  /** Draw from this tier only; null for any that is granted. */
  readonly tierId: string | null;
  /** Makes retries safe for 10 minutes: the same id gives the same draw. */
  readonly requestId: string | null;
  /** Draws of this caller for the feature with the same text go to one key while it can serve; absent: to any. */
  readonly affinity?: string;
  /** How long to wait for a key that is at a limit, in ms, 0 to 30,000; absent: not at all. */
  readonly maxWaitMs?: number;
  /** Called when it begins to wait. */
  readonly onWaiting?: () => void;
}

/** Draws tried for one call: what was looked up for it grew old while it waited, or its value could not leave. */
const TRIES_MAX = 8;
/** No other draw is tried after this time: a caller that hears that the store is slow can do something else. */
const TRYING_MAX_MS = 5000;

function sha256(parts: readonly string[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url');
}

function requestOf(
  call: Call,
  identity: Identity,
  input: DrawKeyInput,
  queues: readonly DrawQueue[],
): DrawRequest {
  const { feature, tierId, affinity } = input;
  const caller = callerIdOf(identity);
  const others = affinity === undefined ? [] : [affinity];
  const idempotency =
    input.requestId === null
      ? null
      : {
          key: sha256([caller, input.requestId]),
          fingerprint: sha256([feature, String(input.units), tierId ?? '', ...others]),
        };
  return {
    feature,
    units: input.units,
    queues: queuesForUnits(queues, input.units),
    consumerId: caller,
    peerAddress: call.peerAddress,
    requestId: input.requestId ?? call.requestId,
    idempotency,
    affinity: affinity === undefined ? null : sha256([caller, feature, affinity]),
  };
}

/**
 * Whether a draw that took long may still leave: its caller is looked up anew, so that nobody is served more than 2 s
 * after it was revoked, however slow the store is. What may not is withheld. Errors: those of {@link currentIdentity}.
 */
async function mayLeave(
  context: Context,
  call: Call,
  { feature, tierId }: DrawKeyInput,
  drawn: Drawn,
): Promise<boolean> {
  let may = false;
  try {
    const identity = await currentIdentity(context, call);
    const queues = await drawQueues(context, identity, feature, tierId);
    may = queues.some((queue) => queue.tierId === drawn.tierId);
    return may;
  } finally {
    if (!may) withholdUnsent(context, drawn);
  }
}

/** What a call draws, by what its caller is granted now. */
function requestBy(
  context: Context,
  call: Call,
  identity: Identity,
  input: DrawKeyInput,
): DrawRequest | Promise<DrawRequest> {
  const { feature, tierId } = input;
  const known = knownQueues(context, identity, feature, tierId);
  if (known !== undefined) return requestOf(call, identity, input, known);
  return drawQueues(context, identity, feature, tierId).then((queues) =>
    requestOf(call, identity, input, queues),
  );
}

/** The same, by who asks as it is now. */
async function currentRequest(context: Context, call: Call, input: DrawKeyInput): Promise<DrawRequest> {
  return requestBy(context, call, await currentIdentity(context, call), input);
}

/**
 * How it stands with a line that waits for the same: nobody overtakes it. But for a retry that does not wait: its draw may
 * stand already.
 */
function behindOthers(
  { waitingLines }: Context,
  request: DrawRequest,
  { maxWaitMs = 0 }: DrawKeyInput,
): RoundsResult | null {
  if (request.idempotency !== null && maxWaitMs === 0) return null;
  const nextAt = waitingLines.blockedUntil(request);
  return nextAt === null ? null : { kind: 'exhausted', nextAt };
}

/** One draw. A second one has waited before: it goes ahead, and who asks is looked up. */
async function drawOnce(
  context: Context,
  call: Call,
  input: DrawKeyInput,
  again: boolean,
): Promise<{ readonly request: DrawRequest; readonly result: RoundsResult; readonly since: number }> {
  const since = context.clock.monotonicMs();
  const asked = again ? currentRequest(context, call, input) : requestBy(context, call, call.identity, input);
  const request = asked instanceof Promise ? await asked : asked;
  const behind = again ? null : behindOthers(context, request, input);
  const result = behind ?? (await context.rounds.draw(request, { signal: call.signal, since, ahead: again }));
  return { request, result, since };
}

/** Draws a key by what can be had now; gives why there is none. `waited`: it has, and tries no more when that is over. */
async function drawNow(
  context: Context,
  call: Call,
  input: DrawKeyInput,
  waited: Ticket | null,
): Promise<DrawnKey | NoKey> {
  const tryUntil = Math.min(context.clock.monotonicMs() + TRYING_MAX_MS, waited?.until ?? Infinity);
  const again = waited !== null;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    if (tries > 0 && context.clock.monotonicMs() > tryUntil) break;
    const { request, result, since } = await drawOnce(context, call, input, again || tries > 0);
    switch (result.kind) {
      case 'late':
        break;
      case 'stale':
        context.directory.forgetTier(result.tierId);
        break;
      case 'drawn': {
        context.availabilityWatches.drawn(result.tierId);
        const isFresh = context.clock.monotonicMs() - since <= FRESH_MS;
        if (!isFresh && !(await mayLeave(context, call, input, result))) break;
        const released = release(context, result, input.units);
        const key = released instanceof Promise ? await released : released;
        if (key !== null) return key;
        break;
      }
      default:
        return { request, refusal: result };
    }
  }
  throw storeUnavailable('no value could leave in time');
}

/**
 * Hands out one key for a feature. Its usage event is durable before the value leaves, and no limit or budget of the
 * key is passed. Where every key is at a limit it waits for `maxWaitMs`. Errors: those of {@link currentIdentity},
 * FEATURE_NOT_FOUND, FEATURE_NOT_GRANTED, UNITS_TOO_LARGE, POOL_EXHAUSTED, POOL_EMPTY, REQUEST_ID_REUSED, OVERLOADED,
 * STORE_UNAVAILABLE, SHUTTING_DOWN while it waits.
 */
export async function drawKey(context: Context, call: Call, input: DrawKeyInput): Promise<DrawnKey> {
  const { maxWaitMs = 0 } = input;
  try {
    const ticket = maxWaitMs > 0 ? context.waitingLines.ticket(maxWaitMs, call.signal) : null;
    const found = await drawNow(context, call, input, null);
    if (!isNoKey(found)) return found;
    if (ticket === null) throw await refused(context, input, found.request, found.refusal);
    input.onWaiting?.();
    return await waitForKey(context, input, ticket, found, {
      draw: () => drawNow(context, call, input, ticket),
      lookAgain: () => currentRequest(context, call, input),
    });
  } catch (error) {
    throw fromStore(error);
  }
}
