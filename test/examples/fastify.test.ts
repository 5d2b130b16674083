import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { after, before, describe, it } from 'node:test';
import type { FastifyInstance } from 'fastify';
import type { KeypoolClient } from '../../src/client/node.ts';
import { createKeypoolClient } from '../../src/client/node.ts';
import { eventually } from '../support/eventually.ts';
import { type Attacked, attacked, type Issued } from '../wire/attacked.ts';

/** The example imports the published client: here it gets the one of this checkout. */
registerHooks({
  resolve: (specifier, context, next) =>
    next(
      specifier === 'keypool/client' ? import.meta.resolve('../../src/client/node.ts') : specifier,
      context,
    ),
});
const { createApi } = await import('../../examples/fastify/api.ts');

describe('an API of Fastify behind Keypool', () => {
  let keypool: Attacked;
  let client: KeypoolClient;
  let api: FastifyInstance;
  before(async () => {
    keypool = await attacked('SQLite');
    const backend = await keypool.issue({ scopes: ['tokens.verify', 'usage.write'] });
    client = createKeypoolClient({ baseUrl: keypool.served.url, token: backend.token });
    api = createApi(client);
  });
  after(async () => {
    await api.close();
    client.close();
    await keypool[Symbol.asyncDispose]();
  });

  const get = (token?: string) =>
    api.inject({ url: '/hello', headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
  const chat = ({ token }: Issued) =>
    api.inject({ method: 'POST', url: '/chat', headers: { authorization: `Bearer ${token}` } });

  it('lets in who has a token, and knows who it is', async () => {
    const { id, token } = await keypool.issue();
    const answer = await get(token);
    assert.deepEqual([answer.statusCode, answer.json()], [200, { hello: id }]);
    assert.equal(answer.headers['x-ratelimit-limit'], undefined);
  });

  it('refuses who has none, or one that is not good any more, and says why', async () => {
    for (const token of [undefined, 'nobody']) {
      const answer = await get(token);
      assert.deepEqual([answer.statusCode, answer.json()], [401, { error: 'NOT_FOUND' }]);
    }
    const revoked = await keypool.issue();
    await keypool.call('AdminService/RevokeConsumer', { id: revoked.id, reason: 'leaked' });
    assert.deepEqual((await get(revoked.token)).json(), { error: 'REVOKED' });
    const elsewhere = await keypool.issue({ allowedIps: ['192.0.2.7'] });
    assert.equal((await get(elsewhere.token)).statusCode, 403);
  });

  it('asks for a scope where a route wants one', async () => {
    const answer = await chat(await keypool.issue());
    assert.deepEqual([answer.statusCode, answer.json()], [403, { error: 'INSUFFICIENT_SCOPE' }]);
  });

  it('charges what a route costs, and tells what is left and when there is more', async () => {
    const consumer = await keypool.issue({ scopes: ['chat.write'], creditsPerMinute: 15 });
    const { headers } = await chat(consumer);
    assert.equal(headers['x-ratelimit-limit'], '15');
    assert.equal(headers['x-ratelimit-cost'], '10');
    assert.equal(headers['x-ratelimit-remaining'], '5');
    assert.match(String(headers['x-ratelimit-reset']), /^\d+$/);
    const refusal = await chat(consumer);
    assert.deepEqual([refusal.statusCode, refusal.json()], [429, { error: 'CREDITS_EXHAUSTED' }]);
    const seconds = Number(refusal.headers['retry-after']);
    assert.ok(seconds > 0 && seconds <= 62, String(seconds));
    assert.equal((await get(consumer.token)).statusCode, 200);
  });

  it('reports what became of its calls', async () => {
    const { id, token } = await keypool.issue({ scopes: ['chat.write'] });
    await get(token);
    const events = await eventually('both events are listed', async () => {
      const { body } = await keypool.call('AdminService/ListUsageEvents', { consumerId: id });
      const listed = body.usageEvents as readonly Record<string, unknown>[] | undefined;
      return listed?.length === 2 ? listed : null;
    });
    const recorded = events.find(({ kind }) => kind === 'USAGE_EVENT_KIND_RECORDED');
    assert.deepEqual([recorded?.endpoint, recorded?.statusCode], ['GET /hello', 200]);
    assert.ok(
      events.some(({ kind, resource }) => kind === 'USAGE_EVENT_KIND_VERIFY' && resource === '/hello'),
    );
  });

  it('names no route where there was none', async () => {
    const { id, token } = await keypool.issue();
    await api.inject({ url: '/nowhere', headers: { authorization: `Bearer ${token}` } });
    const recorded = await eventually('its end is on record', async () => {
      const { body } = await keypool.call('AdminService/ListUsageEvents', { consumerId: id });
      const listed = body.usageEvents as readonly Record<string, unknown>[] | undefined;
      return listed?.find(({ kind }) => kind === 'USAGE_EVENT_KIND_RECORDED') ?? null;
    });
    assert.deepEqual([recorded.endpoint, recorded.statusCode], [undefined, 404]);
  });

  it('lets nobody in while Keypool is out of reach', async () => {
    const gone = createKeypoolClient({ baseUrl: 'http://127.0.0.1:1', token: 'nobody' });
    const alone = createApi(gone);
    const answer = await alone.inject({ url: '/hello' });
    assert.deepEqual([answer.statusCode, answer.json()], [503, { error: 'UNAVAILABLE' }]);
    await alone.close();
    gone.close();
  });
});
