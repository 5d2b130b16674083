import type { HandlerContext } from '@connectrpc/connect';
import type { Call } from '../domain/context.ts';
import { KeypoolError } from '../domain/errors.ts';
import { requestInfoOf } from './request-info.ts';

/** The call as the use cases see it. Only behind the gate, which found out the identity. */
export function callOf(handler: HandlerContext): Call {
  const info = requestInfoOf(handler.values);
  if (info.identity === null) throw new KeypoolError('INTERNAL', 'The call was not authenticated.');
  return {
    identity: info.identity,
    requestId: info.requestId,
    peerAddress: info.peerAddress,
    signal: handler.signal,
  };
}
