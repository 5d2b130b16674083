import assert from 'node:assert/strict';
import { it } from 'node:test';
import { AdminService } from '../../gen/keypool/v1/admin_service_pb.ts';
import { AuthService } from '../../gen/keypool/v1/auth_service_pb.ts';
import { KeyPoolService } from '../../gen/keypool/v1/key_pool_service_pb.ts';
import { createRpcs } from '../../src/transport/routes.ts';
import { serve } from '../wire/served.ts';

it('every method of the contract is served, once', async () => {
  await using served = await serve();
  const methods = [KeyPoolService, AuthService, AdminService].flatMap((service) => service.methods);
  assert.deepEqual(
    createRpcs(served.context)
      .map(({ method }) => method.toString())
      .sort(),
    methods.map(String).sort(),
  );
});
