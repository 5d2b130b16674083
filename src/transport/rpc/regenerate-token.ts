import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { regenerateToken } from '../../domain/regenerate-token.ts';
import { callOf } from '../call.ts';
import { fromConsumer } from '../convert/consumer.ts';
import { etagOrNull } from '../convert/required.ts';
import { msFromDuration, timestampFrom } from '../convert/time.ts';
import type { Rpc } from './rpc.ts';

export const regenerateTokenRpc: Rpc<typeof AdminService.method.regenerateToken> =
  (context) =>
  async ({ id, etag, gracePeriod }, handler) => {
    const graceMs = gracePeriod === undefined ? 0 : msFromDuration(gracePeriod);
    const input = { id, etag: etagOrNull(etag), graceMs };
    const { token, previousExpireAt, consumer } = await regenerateToken(context, callOf(handler), input);
    return {
      token,
      previousTokenExpireTime: timestampFrom(previousExpireAt),
      consumer: fromConsumer(consumer),
    };
  };
