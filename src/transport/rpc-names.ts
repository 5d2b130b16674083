import { AdminService } from '../../gen/keypool/v1/admin_service_pb.ts';
import { AuthService } from '../../gen/keypool/v1/auth_service_pb.ts';
import { KeyPoolService } from '../../gen/keypool/v1/key_pool_service_pb.ts';

/** The names of all RPCs of keypool.v1, such as `DrawKey`; no two services share one. */
export const RPC_NAMES: ReadonlySet<string> = new Set(
  [KeyPoolService, AuthService, AdminService].flatMap(({ methods }) => methods.map(({ name }) => name)),
);
