import type { Call } from '../domain/context.ts';
import { KeypoolError } from '../domain/errors.ts';
import { requestInfoOf } from './request-info.ts';
import type { RpcCall } from './rpc/rpc.ts';

/** The call as the use cases see it. Only behind the gate, which found out the identity. */
export function callOf({ values, signal }: RpcCall): Call {
  const { identity, requestId, peerAddress, charge } = requestInfoOf(values);
  if (identity === null) throw new KeypoolError('INTERNAL', 'The call was not authenticated.');
  return { identity, requestId, peerAddress, credits: charge?.credits ?? null, signal };
}
