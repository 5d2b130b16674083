import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { callJson, refused, toldError } from './json-call.ts';
import { connectTo } from './raw-connection.ts';
import { addPool, type Pool, type Served, serve } from './served.ts';

const APP = 'https://app.example';

describe('what is no RPC', () => {
  let served: Served;
  before(async () => {
    served = await serve({ CORS_ORIGINS: APP });
  });
  after(() => served.close());

  it('is /health, which tells how the service is, without a token', async () => {
    const response = await fetch(`${served.url}/health`);
    assert.equal(response.status, 200);
    const health = await response.json();
    assert.equal(health.status, 'serving');
    assert.deepEqual(health.store, { kind: 'sqlite', reachable: true });
    assert.deepEqual(health.encryption, { enabled: false });
    assert.match(health.version, /^\d+\.\d+\.\d+/);
    assert.ok(Number.isInteger(health.uptime_seconds));
  });

  it('is /livez and /readyz, for GET and HEAD', async () => {
    for (const path of ['/livez', '/readyz']) {
      assert.equal((await fetch(`${served.url}${path}`)).status, 200);
      assert.equal((await fetch(`${served.url}${path}`, { method: 'HEAD' })).status, 200);
    }
  });

  it('is found by an absolute target too', async () => {
    await using connection = await connectTo(served.port);
    connection.send('GET http://a/livez?b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    assert.match(await connection.closed, /^HTTP\/1\.1 200 /);
  });

  it('is told why a head is refused', async () => {
    for (const [head, status] of [
      ['Connection: close', 400],
      ['Host: a\r\nExpect: more\r\nConnection: close', 417],
    ] as const) {
      await using connection = await connectTo(served.port);
      connection.send(`GET /livez HTTP/1.1\r\n${head}\r\n\r\n`);
      const raw = await connection.closed;
      assert.match(raw, new RegExp(`^HTTP/1.1 ${status} `));
      const body = JSON.parse(raw.slice(raw.indexOf('{'), raw.lastIndexOf('}') + 1));
      assert.equal(toldError({ body }).reason, 'INVALID_REQUEST');
    }
  });

  it('is an Authorization of another scheme, beside an X-API-Key', async () => {
    for (const authorization of ['Basic YTpi', '']) {
      const headers = { Authorization: authorization, 'X-API-Key': served.adminToken };
      assert.equal((await callJson(served, 'AuthService/WhoAmI', {}, { token: null, headers })).status, 200);
    }
    const headers = { Authorization: '' };
    refused(await callJson(served, 'AuthService/WhoAmI', {}, { token: null, headers }), 401, 'TOKEN_MISSING');
  });

  it('is a preflight, answered for configured origins alone', async () => {
    const preflight = (origin: string) =>
      fetch(`${served.url}/keypool.v1.KeyPoolService/DrawKey`, {
        method: 'OPTIONS',
        headers: { Origin: origin, 'Access-Control-Request-Method': 'POST' },
      });
    const allowed = await preflight(APP);
    assert.equal(allowed.status, 204);
    assert.equal(allowed.headers.get('access-control-allow-origin'), APP);
    assert.match(allowed.headers.get('access-control-allow-headers') ?? '', /authorization/i);
    assert.equal((await preflight('https://evil.example')).headers.get('access-control-allow-origin'), null);
  });

  it('is refused to a page in a way that it can read', async () => {
    const answer = await callJson(
      served,
      'AuthService/WhoAmI',
      {},
      { token: null, headers: { Origin: APP } },
    );
    refused(answer, 401, 'TOKEN_MISSING');
    assert.equal(answer.headers.get('access-control-allow-origin'), APP);
    assert.match(answer.headers.get('access-control-expose-headers') ?? '', /x-request-id/i);
  });
});

describe('a call through proxies', () => {
  it('comes from the hop that the trusted ones name', async () => {
    await using served = await serve({ TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8' });
    const headers = { 'X-Forwarded-For': '203.0.113.9, 198.51.100.7, 10.0.0.2' };
    await callJson(served, 'AuthService/WhoAmI', {}, { headers });
    assert.equal((await requestLine(served)).peer_address, '198.51.100.7');
  });

  it('comes from the socket where none is trusted', async () => {
    await using served = await serve();
    await callJson(served, 'AuthService/WhoAmI', {}, { headers: { 'X-Forwarded-For': '203.0.113.9' } });
    assert.equal((await requestLine(served)).peer_address, '127.0.0.1');
  });
});

const requestLine = (served: Served) =>
  eventually(
    'the request is logged',
    () => served.log.find(({ message }) => message === 'request')?.fields ?? null,
  );

describe('the request log', () => {
  it('has one line for each request, without token, body or value', async () => {
    await using served = await serve();
    const pool = await addPool(served);
    const headers = { 'X-Request-Id': 'log-1' };
    await callJson(
      served,
      'KeyPoolService/DrawKey',
      { feature: pool.feature },
      { token: pool.token, headers },
    );
    const { duration_ms: durationMs, ...line } = await requestLine(served);
    assert.ok(typeof durationMs === 'number' && durationMs > 0);
    assert.deepEqual(line, {
      method: 'keypool.v1.KeyPoolService/DrawKey',
      code: 'ok',
      http_status: 200,
      request_id: 'log-1',
      identity: pool.consumerId,
      peer_address: '127.0.0.1',
      protocol: 'connect HTTP/1.1',
    });
    for (const secret of [pool.token, pool.value, served.adminToken])
      assert.ok(!JSON.stringify(served.log).includes(secret));
  });

  it('tells why a call was refused', async () => {
    await using served = await serve();
    await callJson(served, 'AuthService/WhoAmI', {}, { token: null });
    const { code, reason, http_status: status, identity } = await requestLine(served);
    assert.deepEqual([code, reason, status, identity], ['unauthenticated', 'TOKEN_MISSING', 401, null]);
  });

  it('is silent where that is wanted', async () => {
    await using served = await serve({ LOG_REQUESTS: 'false' });
    await callJson(served, 'AuthService/WhoAmI', {});
    await served.close();
    assert.equal(
      served.log.find(({ message }) => message === 'request'),
      undefined,
    );
  });
});

describe('a service that has as much to do as it may', () => {
  let served: Served;
  let pool: Pool;
  before(async () => {
    served = await serve({ MAX_CONCURRENT_REQUESTS: '1', REQUEST_TIMEOUT: '500ms' });
    pool = await addPool(served);
  });
  after(() => served.close());

  const head = () =>
    [
      'POST /keypool.v1.KeyPoolService/DrawKey HTTP/1.1',
      'Host: a',
      `X-API-Key: ${pool.token}`,
      'Content-Type: application/json',
      'Content-Length: 20',
      'Expect: 100-continue',
    ].join('\r\n');

  it('refuses one call more, answers for its health, and serves again when there is room', async () => {
    await using slow = await connectTo(served.port);
    slow.send(`${head()}\r\n\r\n`);
    await eventually('the head is read', () => (slow.received().includes('100 Continue') ? true : null));
    const answer = await callJson(served, 'AuthService/WhoAmI', {});
    assert.notEqual(refused(answer, 429, 'OVERLOADED').retryDelay, null);
    assert.equal((await fetch(`${served.url}/health`)).status, 200);
    const late = await slow.closed;
    assert.match(late, /HTTP\/1\.1 504 /);
    const body = JSON.parse(late.slice(late.lastIndexOf('\r\n\r\n') + 4));
    assert.equal(toldError({ body }).reason, 'DEADLINE_EXCEEDED');
    await eventually('there is room', async () =>
      (await callJson(served, 'AuthService/WhoAmI', {})).status === 200 ? true : null,
    );
  });
});
