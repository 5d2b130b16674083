import type { MessageInitShape } from '@bufbuild/protobuf';
import type { HandlerContext } from '@connectrpc/connect';
import type {
  WatchAvailabilityRequest,
  WatchAvailabilityResponseSchema,
} from '../../../gen/keypool/v1/key_pool_service_pb.ts';
import type { Context } from '../../domain/context.ts';
import { watchAvailability } from '../../domain/watch-availability.ts';
import { callOf } from '../call.ts';
import { fromAvailability } from '../convert/status.ts';

/** Streams until its caller goes, or it ends with an error. */
export function watchAvailabilityRpc(context: Context) {
  return async function* (
    { feature }: WatchAvailabilityRequest,
    handler: Pick<HandlerContext, 'signal' | 'values'>,
  ): AsyncGenerator<MessageInitShape<typeof WatchAvailabilityResponseSchema>> {
    for await (const availability of watchAvailability(context, callOf(handler), { feature }))
      yield fromAvailability(availability);
  };
}
