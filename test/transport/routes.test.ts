import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createConnectRouter } from '@connectrpc/connect';
import { AdminService } from '../../gen/keypool/v1/admin_service_pb.ts';
import { AuthService } from '../../gen/keypool/v1/auth_service_pb.ts';
import { KeyPoolService } from '../../gen/keypool/v1/key_pool_service_pb.ts';
import type { Context } from '../../src/domain/context.ts';
import { createRoutes } from '../../src/transport/routes.ts';
import { serve } from '../wire/served.ts';

function routed(context: Context): readonly string[] {
  const router = createConnectRouter();
  createRoutes(context)(router);
  return router.handlers.map(({ method }) => method.toString()).sort();
}

it('every method of the contract is served, once', async () => {
  await using served = await serve();
  const methods = [KeyPoolService, AuthService, AdminService].flatMap((service) => service.methods);
  assert.deepEqual(routed(served.context), methods.map(String).sort());
});
