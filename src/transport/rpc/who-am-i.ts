import type { AuthService } from '../../../gen/keypool/v1/auth_service_pb.ts';
import { CallerKind } from '../../../gen/keypool/v1/caller_pb.ts';
import { whoAmI } from '../../domain/who-am-i.ts';
import { callOf } from '../call.ts';
import { fromConsumer } from '../convert/consumer.ts';
import type { Rpc } from './rpc.ts';

export const whoAmIRpc: Rpc<typeof AuthService.method.whoAmI> = () => (_request, handler) => {
  const caller = whoAmI(callOf(handler));
  return {
    kind: caller.kind === 'root' ? CallerKind.ROOT : CallerKind.CONSUMER,
    consumer: caller.consumer === null ? undefined : fromConsumer(caller.consumer),
    grantedTierIds: [...caller.grantedTierIds],
    scopes: [...caller.scopes],
  };
};
