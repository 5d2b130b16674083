import { type ContextValues, createContextKey } from '@connectrpc/connect';
import type { CallCharge } from '../domain/charge-call.ts';
import type { Identity } from '../domain/context.ts';
import type { KeypoolError, Reason } from '../domain/errors.ts';
import type { Room } from './http/room.ts';

/** What is known of one request; filled as it goes along, read by the use cases, the errors and the request log. */
export interface RequestInfo {
  readonly requestId: string;
  readonly peerAddress: string;
  /** The same object for all requests of one connection. */
  readonly connection: object;
  identity: Identity | null;
  /** What it was charged; null until it was, and where it never is. */
  charge: CallCharge | null;
  /** The charge under way or over: a request that goes on by another path is not charged again. Null where there is none. */
  charging: Promise<CallCharge | null> | null;
  /** True once a request message was decoded: what fails before is the caller's, what fails after is ours. */
  decoded: boolean;
  /** The reason it was refused for; null while all is well. */
  reason: Reason | null;
  /** How much longer it may take than REQUEST_TIMEOUT says, in ms: so long it waits, as its caller asked. */
  waitMs: number;
  /** Where it takes a place among the calls under way; null when it takes none (any more). */
  room: Room | null;
  /** The last look before the answer is written: what the caller gets in its place, or null when it may leave. */
  refuseAtLast: (() => KeypoolError | null) | null;
  /** To be called when the answer was ready, and did not leave because the caller had gone or its deadline passed. */
  neverLeft: (() => void) | null;
}

export function createRequestInfo(
  requestId: string,
  peerAddress: string,
  connection: object = {},
): RequestInfo {
  const unknown = {
    identity: null,
    charge: null,
    charging: null,
    decoded: false,
    reason: null,
    waitMs: 0,
    room: null,
    refuseAtLast: null,
    neverLeft: null,
  };
  return { requestId, peerAddress, connection, ...unknown };
}

/** Gives its place to another call: it is over, or waits and is counted elsewhere. May be called again. */
export function leaveRoom(info: RequestInfo): void {
  info.room?.leave();
  info.room = null;
}

const requestInfoKey = createContextKey<RequestInfo | null>(null, { description: 'keypool request' });

export function setRequestInfo(values: ContextValues, info: RequestInfo): void {
  values.set(requestInfoKey, info);
}

/** The request's own record; a blank one when the call did not come through the HTTP handler (in-memory transport). */
export function requestInfoOf(values: ContextValues): RequestInfo {
  const known = values.get(requestInfoKey);
  if (known !== null) return known;
  const blank = createRequestInfo('in-memory', '');
  values.set(requestInfoKey, blank);
  return blank;
}
