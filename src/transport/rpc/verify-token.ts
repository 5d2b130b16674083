import { create } from '@bufbuild/protobuf';
import { VerifyCode } from '../../../gen/keypool/v1/auth_messages_pb.ts';
import type { AuthService } from '../../../gen/keypool/v1/auth_service_pb.ts';
import { type Consumer as ConsumerMessage, ConsumerSchema } from '../../../gen/keypool/v1/consumer_pb.ts';
import { type Client, type Verified, type VerifyTokenInput, verifyToken } from '../../domain/verify-token.ts';
import type { Consumer } from '../../model/consumer.ts';
import { callOf } from '../call.ts';
import { fromConsumer } from '../convert/consumer.ts';
import { fromCredits } from '../convert/credits.ts';
import { optionalTimestamp } from '../convert/time.ts';
import { keepJson } from '../kept-json.ts';
import type { Rpc } from './rpc.ts';

const CODES: Readonly<Record<Verified['code'], VerifyCode>> = {
  valid: VerifyCode.VALID,
  not_found: VerifyCode.NOT_FOUND,
  disabled: VerifyCode.DISABLED,
  expired: VerifyCode.EXPIRED,
  revoked: VerifyCode.REVOKED,
  ip_not_allowed: VerifyCode.IP_NOT_ALLOWED,
  insufficient_scope: VerifyCode.INSUFFICIENT_SCOPE,
  credits_exhausted: VerifyCode.CREDITS_EXHAUSTED,
};

/** Consumers as told, for as long as they are kept as read. */
const told = new WeakMap<Consumer, ConsumerMessage>();

function tellConsumer(consumer: Consumer): ConsumerMessage {
  const known = told.get(consumer);
  if (known !== undefined) return known;
  const message = keepJson(create(ConsumerSchema, fromConsumer(consumer)));
  told.set(consumer, message);
  return message;
}

/** Whose token it is, where it was accepted. */
function tellClient(client: Client) {
  const scopes = [...client.scopes];
  if (client.kind === 'consumer') return { scopes, consumer: tellConsumer(client.consumer) };
  return { scopes, subject: client.subject, extra: { ...client.extra } };
}

function fromVerified(verified: Verified) {
  const code = CODES[verified.code];
  if (!('client' in verified)) return { code };
  const { client } = verified;
  const { standing = null, nextAt = null } = 'credits' in verified ? verified.credits : {};
  return {
    code,
    credits: fromCredits(standing),
    retryTime: optionalTimestamp(nextAt),
    ...(client === null ? {} : tellClient(client)),
  };
}

export const verifyTokenRpc: Rpc<typeof AuthService.method.verifyToken> =
  (context) => async (request, handler) => {
    const { token, requiredScopes, ipAddress, cost = 1, resource, requestId = null } = request;
    const input: VerifyTokenInput = { token, requiredScopes, ipAddress, cost, resource, requestId };
    return fromVerified(await verifyToken(context, callOf(handler), input));
  };
