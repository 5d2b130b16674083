import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { QuotaFailureSchema, RetryInfoSchema } from '../../gen/google/rpc/error_details_pb.ts';
import { AuthService } from '../../gen/keypool/v1/auth_service_pb.ts';
import { testClock } from '../support/test-clock.ts';
import { callJson, type JsonAnswer, refused } from './json-call.ts';
import { addPool, serve } from './served.ts';
import { serveBothPaths } from './short-path/both-paths.ts';
import { connectHttp2, overHttp1, overHttp2 } from './short-path/exchange.ts';

const ENV = { CREDITS_PER_MINUTE: '20', CREDIT_COSTS: 'DrawKey=6,ListTiers=4,*=1' };

async function serveCredits(env: Readonly<Record<string, string>> = {}) {
  const clock = testClock();
  const served = await serve({ ...ENV, ...env }, { clock });
  return { served, clock, pool: await addPool(served) };
}

/** Limit, cost, what is left and the seconds until all is back, as the headers tell them. */
function told({ headers }: Pick<JsonAnswer, 'headers'>): (number | null)[] {
  return ['Limit', 'Cost', 'Remaining', 'Reset'].map((name) => {
    const value = headers.get(`X-RateLimit-${name}`);
    return value === null ? null : Number(value);
  });
}

const NOTHING = [null, null, null, null];

/** Whose credits are spent, as QuotaFailure names them. */
function quotaSubject({ body }: { readonly body: Record<string, unknown> }): string | undefined {
  const details = body.details as { type: string; debug: { violations?: { subject: string }[] } }[];
  const quota = details.find(({ type }) => type === 'google.rpc.QuotaFailure');
  return quota?.debug.violations?.[0]?.subject;
}

describe('credits over the wire', () => {
  it('are told with every answer, and by WhoAmI', async (t) => {
    const { served, pool } = await serveCredits();
    t.after(served.close);
    const { token } = pool;
    const first = await callJson(served, 'AuthService/WhoAmI', {}, { token });
    assert.deepEqual(told(first), [20, 1, 19, 61]);
    const { credits } = first.body as { credits: Record<string, unknown> };
    assert.deepEqual([credits.limit, credits.cost, credits.remaining], [20, 1, 19]);
    const draw = await callJson(served, 'KeyPoolService/DrawKey', { feature: pool.feature }, { token });
    assert.deepEqual([draw.status, ...told(draw)], [200, 20, 6, 13, 61]);
    const missing = await callJson(served, 'KeyPoolService/DrawKey', { feature: 'other' }, { token });
    refused(missing, 403, 'FEATURE_NOT_GRANTED');
    assert.deepEqual(told(missing), [20, 6, 7, 61]);
    const admin = await callJson(served, 'AdminService/ListTiers', {}, { token });
    refused(admin, 403, 'ADMIN_REQUIRED');
    assert.deepEqual(told(admin), [20, 4, 3, 61]);
    assert.deepEqual(told(await callJson(served, 'AdminService/ListTiers', {})), NOTHING);
  });

  it('that are spent refuse the call, and say until when', async (t) => {
    const { served, clock, pool } = await serveCredits();
    t.after(served.close);
    const call = () => callJson(served, 'KeyPoolService/DrawKey', { feature: pool.feature }, pool);
    for (const status of [200, 200, 200]) assert.equal((await call()).status, status);
    clock.advance(10_500);
    const answer = await call();
    const error = refused(answer, 429, 'CREDITS_EXHAUSTED');
    assert.deepEqual(told(answer), [20, 6, 2, 51]);
    assert.equal(answer.headers.get('Retry-After'), '51');
    assert.equal(error.retryDelay, '50.500s');
    assert.deepEqual([error.metadata.limit, error.metadata.cost, error.metadata.remaining], ['20', '6', '2']);
    assert.equal(quotaSubject(answer), `consumer:${pool.consumerId}`);
    assert.equal((await callJson(served, 'AuthService/WhoAmI', {}, pool)).status, 200);
    clock.advance(50_500);
    assert.deepEqual(told(await call()), [20, 6, 13, 61]);
  });

  it('are charged once, whichever way a call takes', async (t) => {
    const { served, pool } = await serveCredits();
    t.after(served.close);
    const { token } = pool;
    const broken = await callJson(served, 'AuthService/WhoAmI', '{"broken', { token });
    refused(broken, 400, 'INVALID_REQUEST');
    assert.deepEqual(told(broken), [20, 1, 19, 61]);
    const unknown = await callJson(served, 'AuthService/WhoAmI', { unknown: 1 }, { token });
    assert.deepEqual(told(unknown), [20, 1, 18, 61]);
    const general = await callJson(
      served,
      'AuthService/WhoAmI',
      {},
      {
        token,
        headers: { 'Content-Encoding': 'identity' },
      },
    );
    assert.deepEqual([general.status, ...told(general)], [200, 20, 1, 17, 61]);
    const spent = await callJson(served, 'AdminService/ListTiers', '{', { token });
    assert.deepEqual(told(spent), [20, 4, 13, 61]);
  });

  it('of an address go with failed authentications, 10 at a time, and leave others alone', async (t) => {
    const { served, pool } = await serveCredits();
    t.after(served.close);
    const fail = (token: string | null, headers = {}) =>
      callJson(served, 'AuthService/WhoAmI', {}, { token, headers });
    const first = await fail('nonsense');
    refused(first, 401, 'TOKEN_INVALID');
    assert.deepEqual(told(first), [20, 10, 10, 61]);
    const second = await fail(null, { Authorization: 'Basic dXNlcjpwYXNz' });
    refused(second, 401, 'TOKEN_INVALID');
    assert.deepEqual(told(second), [20, 10, 0, 61]);
    const third = await fail(null);
    const error = refused(third, 429, 'CREDITS_EXHAUSTED');
    assert.equal(error.retryDelay, '61s');
    assert.deepEqual(told(third), [20, 10, 0, 61]);
    assert.deepEqual(told(await fail(pool.token)), [20, 1, 19, 61]);
  });

  it('are told over gRPC and gRPC-Web', async (t) => {
    const { served, pool } = await serveCredits({ CREDITS_PER_MINUTE: '3' });
    t.after(served.close);
    const options = { baseUrl: served.url };
    const headers = { Authorization: `Bearer ${pool.token}` };
    const left: (string | null)[] = [];
    const onHeader = (header: Headers) => left.push(header.get('X-RateLimit-Remaining'));
    for (const transport of [
      createGrpcTransport(options),
      createGrpcWebTransport({ ...options, httpVersion: '1.1' }),
      createGrpcWebTransport({ ...options, httpVersion: '2' }),
    ])
      await createClient(AuthService, transport).whoAmI({}, { headers, onHeader });
    assert.deepEqual(left, ['2', '1', '0']);
    const error = await createClient(AuthService, createGrpcTransport(options))
      .whoAmI({}, { headers })
      .then(() => assert.fail('it was served'), ConnectError.from);
    assert.equal(error.code, Code.ResourceExhausted);
    assert.equal(error.metadata.get('Retry-After'), '61');
    assert.equal(error.metadata.get('X-RateLimit-Remaining'), '0');
    assert.equal(error.findDetails(RetryInfoSchema)[0]?.retryDelay?.seconds, 61n);
    assert.equal(
      error.findDetails(QuotaFailureSchema)[0]?.violations[0]?.description,
      '3 credits in any minute',
    );
  });

  it('are shared by the consumers of an owner', async (t) => {
    const { served, pool } = await serveCredits();
    t.after(served.close);
    const set = { owner: 'team', creditsPerMinute: 2 };
    assert.equal((await callJson(served, 'AdminService/SetOwnerCredits', set)).status, 200);
    const consumer = { id: pool.consumerId, owner: 'team' };
    await callJson(served, 'AdminService/UpdateConsumer', { consumer, updateMask: 'owner' });
    const call = () => callJson(served, 'AuthService/WhoAmI', {}, pool);
    assert.deepEqual(told(await call()), [2, 1, 1, 61]);
    assert.deepEqual(told(await call()), [2, 1, 0, 61]);
    const spent = await call();
    refused(spent, 429, 'CREDITS_EXHAUSTED');
    assert.equal(quotaSubject(spent), 'owner:team');
    const listed = await callJson(served, 'AdminService/ListOwnerCredits', {});
    const [row] = listed.body.ownerCredits as { owner: string; creditsPerMinute: number }[];
    assert.deepEqual([row?.owner, row?.creditsPerMinute], ['team', 2]);
    assert.equal((await callJson(served, 'AdminService/DeleteOwnerCredits', { owner: 'team' })).status, 200);
    const audit = await callJson(served, 'AdminService/ListAdminEvents', { resourceType: 'owner_credits' });
    const actions = (audit.body.adminEvents as { action: string; resourceId: string }[]).map(
      ({ action, resourceId }) => `${action} ${resourceId}`,
    );
    assert.deepEqual(actions, ['DeleteOwnerCredits team', 'SetOwnerCredits team']);
    assert.deepEqual(told(await call()), [20, 1, 17, 61]);
    const again = await callJson(served, 'AdminService/DeleteOwnerCredits', { owner: 'team' });
    refused(again, 404, 'OWNER_CREDITS_NOT_FOUND');
  });
});

describe('credits over the wire, without a store', () => {
  it('are counted by the process, which says so', async (t) => {
    const { served, pool } = await serveCredits();
    t.after(served.close);
    const call = () => callJson(served, 'AuthService/WhoAmI', {}, pool);
    const counted = async () => (await (await fetch(`${served.url}/health`)).json()).credits.counted;
    assert.deepEqual(told(await call()), [20, 1, 19, 61]);
    assert.equal(await counted(), 'store');
    await served.context.store.close();
    assert.deepEqual(told(await call()), [20, 1, 19, 61]);
    assert.equal(await counted(), 'local');
    for (let left = 18; left >= 0; left -= 1) assert.equal(told(await call())[2], left);
    refused(await call(), 429, 'CREDITS_EXHAUSTED');
    const lines = served.log.filter(({ message }) => /credits are not counted in the store/.test(message));
    assert.deepEqual(
      lines.map(({ level }) => level),
      ['warn'],
    );
  });

  it('are refused where that is configured', async (t) => {
    const { served, pool } = await serveCredits({ CREDITS_WHEN_STORE_DOWN: 'refuse' });
    t.after(served.close);
    const call = () => callJson(served, 'AuthService/WhoAmI', {}, pool);
    assert.equal((await call()).status, 200);
    await served.context.store.close();
    refused(await call(), 503, 'STORE_UNAVAILABLE');
  });
});

it('credits are told alike by the short path and the general one', async () => {
  await using both = await serveBothPaths({ ...ENV, CREDIT_COSTS: 'ListTiers=21,*=0' });
  const pool = await addPool(both.served);
  const sessions = {
    short: await connectHttp2(both.short.port),
    general: await connectHttp2(both.general.port),
  };
  const wish = { method: 'POST', headers: {}, pieces: 1, chunked: false };
  const requests = ['AuthService/WhoAmI', 'AdminService/ListTiers', 'AdminService/ListKeys'].flatMap((rpc) =>
    ['application/json', 'application/grpc', 'application/grpc-web+proto'].map((contentType) => ({
      ...wish,
      path: `/keypool.v1.${rpc}`,
      headers: { authorization: `Bearer ${pool.token}`, 'content-type': contentType },
      body: contentType === 'application/json' ? Buffer.from('{}') : Buffer.alloc(5),
    })),
  );
  for (const request of requests) {
    const short = await overHttp2(sessions.short, request);
    assert.ok(short.head.some((line) => line === 'x-ratelimit-remaining: 20'));
    assert.deepEqual(short, await overHttp2(sessions.general, request));
    assert.deepEqual(await overHttp1(both.short.port, request), await overHttp1(both.general.port, request));
  }
  for (const session of Object.values(sessions)) session.close();
});

describe('a mistake in the configuration of credits', () => {
  for (const [name, value] of [
    ['CREDITS_PER_MINUTE', '0'],
    ['CREDIT_COSTS', 'DrwKey=1'],
    ['CREDIT_COSTS', 'DrawKey'],
    ['CREDIT_COSTS', '*=1,*=2'],
    ['CREDITS_WHEN_STORE_DOWN', 'maybe'],
  ] as const)
    it(`is told: ${name}=${value}`, async () => {
      await assert.rejects(serve({ [name]: value }), new RegExp(`${name}: must`));
    });
});
