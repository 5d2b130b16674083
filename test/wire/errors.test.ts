import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { callJson, refused } from './json-call.ts';
import { addPool, type Pool, type Served, serve } from './served.ts';

describe('errors over HTTP/1.1 and JSON', () => {
  let served: Served;
  let pool: Pool;
  before(async () => {
    served = await serve();
    pool = await addPool(served, { perHour: 1 });
  });
  after(() => served.close());

  it('without a token say how to send one', async () => {
    const answer = await callJson(served, 'AuthService/WhoAmI', {}, { token: null });
    refused(answer, 401, 'TOKEN_MISSING');
    assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/);
  });

  it('tell an unknown, a misspelt and an unreadable token', async () => {
    for (const token of ['nonsense', `${pool.token}x`, served.adminToken.toUpperCase()])
      refused(await callJson(served, 'AuthService/WhoAmI', {}, { token }), 401, 'TOKEN_INVALID');
    const headers = { Authorization: 'Basic dXNlcjpwYXNz' };
    refused(await callJson(served, 'AuthService/WhoAmI', {}, { token: null, headers }), 401, 'TOKEN_INVALID');
  });

  it('come before the body is looked at', async () => {
    refused(
      await callJson(served, 'AdminService/CreateTier', '{"broken', { token: null }),
      401,
      'TOKEN_MISSING',
    );
  });

  it('keep consumers out of AdminService', async () => {
    const { token } = pool;
    refused(await callJson(served, 'AdminService/ListTiers', {}, { token }), 403, 'ADMIN_REQUIRED');
    refused(
      await callJson(served, 'AdminService/DeleteTier', { id: pool.tierId }, { token }),
      403,
      'ADMIN_REQUIRED',
    );
  });

  it('tell a feature that is not granted, and one that no tier has', async () => {
    const body = { feature: 'no-such-feature' };
    refused(
      await callJson(served, 'KeyPoolService/DrawKey', body, { token: pool.token }),
      403,
      'FEATURE_NOT_GRANTED',
    );
    refused(await callJson(served, 'KeyPoolService/DrawKey', body), 404, 'FEATURE_NOT_FOUND');
  });

  it('tell when a pool has a key again', async () => {
    const body = { feature: pool.feature };
    assert.equal((await callJson(served, 'KeyPoolService/DrawKey', body)).status, 200);
    const answer = await callJson(served, 'KeyPoolService/DrawKey', body);
    const error = refused(answer, 429, 'POOL_EXHAUSTED');
    assert.match(error.retryDelay ?? '', /^\d+(\.\d+)?s$/);
    const seconds = Number(answer.headers.get('retry-after'));
    assert.equal(seconds, Math.ceil(Number.parseFloat(error.retryDelay ?? '')));
    assert.ok(seconds > 3000 && seconds <= 3602, String(seconds));
  });

  it('tell more units than a limit ever allows', async () => {
    const answer = await callJson(served, 'KeyPoolService/DrawKey', { feature: pool.feature, units: 2 });
    assert.deepEqual(refused(answer, 400, 'UNITS_TOO_LARGE').fields, ['units']);
  });

  it('tell what is there already and what is not there', async () => {
    const tier = { id: pool.tierId, features: [{ name: 'f' }] };
    refused(await callJson(served, 'AdminService/CreateTier', { tier }), 409, 'TIER_EXISTS');
    refused(await callJson(served, 'AdminService/GetTier', { id: 'nowhere' }), 404, 'TIER_NOT_FOUND');
    refused(await callJson(served, 'AdminService/GetKey', { id: 'nowhere' }), 404, 'KEY_NOT_FOUND');
    refused(await callJson(served, 'AdminService/GetConsumer', { id: 'nowhere' }), 404, 'CONSUMER_NOT_FOUND');
  });

  it('tell a stale etag', async () => {
    const body = { tier: { id: pool.tierId, description: 'x', etag: '0' }, updateMask: 'description' };
    refused(await callJson(served, 'AdminService/UpdateTier', body), 409, 'ETAG_MISMATCH');
  });

  it('tell a path at which there is nothing', async () => {
    refused(await callJson(served, 'KeyPoolService/NoSuchCall', {}), 404, 'METHOD_NOT_FOUND');
    refused(await callJson(served, 'NoSuchService/DrawKey', {}), 404, 'METHOD_NOT_FOUND');
  });

  it('tell a page token of another list', async () => {
    const answer = await callJson(served, 'AdminService/ListKeys', { pageToken: 'bm8' });
    assert.deepEqual(refused(answer, 400, 'INVALID_FIELD').fields, ['pageToken']);
  });

  it('carry the request id that the caller chose, if it is one', async () => {
    const headers = { 'X-Request-Id': 'trace-42' };
    const answer = await callJson(served, 'AuthService/WhoAmI', {}, { token: null, headers });
    assert.equal(answer.headers.get('x-request-id'), 'trace-42');
    const made = await callJson(
      served,
      'AuthService/WhoAmI',
      {},
      { headers: { 'X-Request-Id': 'x'.repeat(200) } },
    );
    assert.match(made.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
  });
});
