import type { DescMethod } from '@bufbuild/protobuf';
import type { HandlerContext } from '@connectrpc/connect';
import { AdminService } from '../../gen/keypool/v1/admin_service_pb.ts';
import { authenticate, currentIdentity } from '../domain/authenticate.ts';
import { requireAdmin } from '../domain/authorize.ts';
import type { Context, Identity } from '../domain/context.ts';
import { KeypoolError } from '../domain/errors.ts';
import type { Log } from './log.ts';
import { refuse } from './refuse.ts';
import { type RequestInfo, requestInfoOf } from './request-info.ts';

const BEARER = /^bearer +([!-~]+) *$/i;
const OF_BEARER_SCHEME = /^bearer\b/i;
const READS = /^(Get|List)/;

/**
 * The token of a call, as `Authorization: Bearer …` (RFC 6750) or `X-API-Key: …`; null when there is neither. An
 * Authorization that is empty or of another scheme may be meant for a proxy on the way: beside a key it does not count.
 * Error: TOKEN_INVALID for any other Authorization that cannot be read.
 */
export function tokenOf(sent: {
  readonly authorization: string | null;
  readonly apiKey: string | null;
}): string | null {
  const authorization = sent.authorization?.trim() ?? '';
  const key = sent.apiKey;
  if (authorization === '' || (key !== null && !OF_BEARER_SCHEME.test(authorization))) return key;
  const token = BEARER.exec(authorization)?.[1];
  if (token !== undefined) return token;
  throw new KeypoolError(
    'TOKEN_INVALID',
    'The Authorization header cannot be read. Send "Authorization: Bearer <token>", or "X-API-Key: <token>".',
  );
}

/** Health and reflection tell nothing of anybody; everything else wants a token. */
export function needsToken(method: DescMethod): boolean {
  return method.parent.typeName.startsWith('keypool.');
}

function checkScope(method: DescMethod, identity: Identity): void {
  if (method.parent.typeName === AdminService.typeName)
    requireAdmin(identity, READS.test(method.name) ? 'read' : 'write');
}

/** A body can take its time to come in: looks again at who calls once it has. Errors as {@link admit}. */
export async function checkAgain(context: Context, method: DescMethod, info: RequestInfo): Promise<void> {
  if (info.identity === null) return;
  const { identity, peerAddress } = info;
  info.identity = await currentIdentity(context, { identity, peerAddress });
  checkScope(method, info.identity);
}

/**
 * Finds out who calls, and whether they may. Errors: TOKEN_…, CONSUMER_DISABLED, IP_NOT_ALLOWED, ADMIN_REQUIRED,
 * STORE_UNAVAILABLE.
 */
export async function admit(
  context: Context,
  method: DescMethod,
  info: RequestInfo,
  token: string | null,
): Promise<void> {
  info.identity = await authenticate(context, { token, peerAddress: info.peerAddress });
  checkScope(method, info.identity);
}

/** {@link admit} for the library, before anything of the body is read. */
export function requestGate(context: Context, log: Log): (handler: HandlerContext) => Promise<void> {
  return async (handler) => {
    if (!needsToken(handler.method)) return;
    const info = requestInfoOf(handler.values);
    try {
      const { requestHeader } = handler;
      const sent = {
        authorization: requestHeader.get('authorization'),
        apiKey: requestHeader.get('x-api-key'),
      };
      await admit(context, handler.method, info, tokenOf(sent));
    } catch (error) {
      throw refuse(error, info, log);
    }
  };
}
