import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import type { ConsumerFields } from '../../domain/consumer-fields.ts';
import { updateConsumer } from '../../domain/update-consumer.ts';
import { callOf } from '../call.ts';
import { fromConsumer, toCreditLimits, toExpireAt, toSettableState } from '../convert/consumer.ts';
import { maskedChanges } from '../convert/field-mask.ts';
import { etagOrNull, required } from '../convert/required.ts';
import type { Rpc } from './rpc.ts';

export const updateConsumerRpc: Rpc<typeof AdminService.method.updateConsumer> =
  (context) => async (request, handler) => {
    const message = required(request.consumer, 'consumer');
    const changes = maskedChanges<ConsumerFields>(request.updateMask, {
      name: () => ({ name: message.name }),
      description: () => ({ description: message.description }),
      scopes: () => ({ scopes: message.scopes }),
      allowed_ips: () => ({ allowedIps: message.allowedIps }),
      credits_per_minute: () => ({ creditsPerMinute: message.creditsPerMinute ?? null }),
      credit_limits: () => ({ creditLimits: toCreditLimits(message) }),
      state: () => ({ state: toSettableState(message.state) }),
      expire_time: () => ({ expireAt: toExpireAt(message) }),
      owner: () => ({ owner: message.owner }),
    });
    const input = { id: message.id, etag: etagOrNull(message.etag), changes };
    return { consumer: fromConsumer(await updateConsumer(context, callOf(handler), input)) };
  };
