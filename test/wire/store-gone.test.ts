import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { Health, HealthCheckResponse_ServingStatus as Serving } from '../../gen/grpc/health/v1/health_pb.ts';
import { callJson, refused } from './json-call.ts';
import { addPool, serve } from './served.ts';

it('a service whose store is gone says so, hands out nothing, and lives on', async () => {
  await using served = await serve();
  const pool = await addPool(served);
  await served.context.store.close();

  const health = await fetch(`${served.url}/health`);
  assert.equal(health.status, 503);
  const told = await health.json();
  assert.deepEqual([told.status, told.store.reachable], ['store_unreachable', false]);
  assert.equal((await fetch(`${served.url}/readyz`)).status, 503);
  assert.equal((await fetch(`${served.url}/livez`)).status, 200);
  const grpc = createClient(Health, createGrpcTransport({ baseUrl: served.url }));
  assert.equal((await grpc.check({ service: 'keypool.v1.AuthService' })).status, Serving.NOT_SERVING);

  const draw = await callJson(served, 'KeyPoolService/DrawKey', { feature: pool.feature });
  const error = refused(draw, 503, 'STORE_UNAVAILABLE');
  assert.match(error.retryDelay ?? '', /s$/);
  assert.ok(!JSON.stringify(draw.body).includes(pool.value));
  refused(await callJson(served, 'AdminService/ListTiers', {}), 503, 'STORE_UNAVAILABLE');
});
