import type { DescMethod } from '@bufbuild/protobuf';
import type { HandlerContext } from '@connectrpc/connect';
import { AdminService } from '../../gen/keypool/v1/admin_service_pb.ts';
import { authenticate, currentIdentity } from '../domain/authenticate.ts';
import { requireAdmin } from '../domain/authorize.ts';
import { type CallCharge, chargeCall, chargeFailedAuthentication, isCharged } from '../domain/charge-call.ts';
import type { Context, Identity } from '../domain/context.ts';
import { KeypoolError } from '../domain/errors.ts';
import { FRESH_MS } from '../domain/waiting-draws.ts';
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

/** Charges a request once, also where a path takes over while another one's charge is under way. Null: nothing was. */
async function chargeOnce(
  info: RequestInfo,
  charge: () => Promise<CallCharge | null>,
): Promise<CallCharge | null> {
  info.charging ??= charge();
  const charged = await info.charging;
  if (charged === null) info.charging = null;
  else info.charge = charged;
  return charged;
}

/** Charges a failed authentication once, however often it is tried for the request; gives what the caller is told. */
async function failedAuthentication(context: Context, info: RequestInfo, error: unknown): Promise<unknown> {
  const { peerAddress } = info;
  const charge = await chargeOnce(info, () => chargeFailedAuthentication(context, error, peerAddress));
  return charge?.refusal ?? error;
}

/** Charges a call once; gives its caller as it is then, looked up anew where that took long. */
async function paid(
  context: Context,
  method: DescMethod,
  info: RequestInfo,
  identity: Identity,
): Promise<Identity> {
  const since = context.clock.monotonicMs();
  const charge = await chargeOnce(info, () => chargeCall(context, method.name, identity));
  if (charge?.refusal != null) throw charge.refusal;
  if (context.clock.monotonicMs() - since <= FRESH_MS) return identity;
  return currentIdentity(context, { identity, peerAddress: info.peerAddress });
}

/**
 * Finds out who calls, charges them, and finds out whether they may: the one place where calls are charged. A request
 * that is admitted again, because another path serves it, is not charged again. Errors: TOKEN_…, CONSUMER_DISABLED,
 * IP_NOT_ALLOWED, CREDITS_EXHAUSTED, ADMIN_REQUIRED, STORE_UNAVAILABLE, OVERLOADED.
 */
export async function admit(
  context: Context,
  method: DescMethod,
  info: RequestInfo,
  token: string | null,
): Promise<void> {
  const { peerAddress } = info;
  let identity: Identity;
  try {
    identity = await authenticate(context, { token, peerAddress });
  } catch (error) {
    throw await failedAuthentication(context, info, error);
  }
  info.identity = identity;
  if (isCharged(context, identity)) info.identity = await paid(context, method, info, identity);
  checkScope(method, info.identity);
}

/** {@link tokenOf}, whose error is a failed authentication. */
async function readToken(
  context: Context,
  info: RequestInfo,
  sent: Parameters<typeof tokenOf>[0],
): Promise<string | null> {
  try {
    return tokenOf(sent);
  } catch (error) {
    throw await failedAuthentication(context, info, error);
  }
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
      await admit(context, handler.method, info, await readToken(context, info, sent));
    } catch (error) {
      throw refuse(error, info, log);
    }
  };
}
