import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { Code, ConnectError, keypoolErrorOf, timestampDate, VerifyCode } from '../../src/client/exports.ts';
import { EVERY_CLIENT } from './every-client.ts';
import { type Keypool, startKeypool } from './keypool.ts';
import { closedUrl, silentServer } from './tcp.ts';

const TOKEN = 'never-looked-at';
const HOUR_MS = 3_600_000;

let keypool: Keypool;
before(async () => {
  keypool = await startKeypool();
});
after(() => keypool?.stop());

async function errorOf(call: Promise<unknown>): Promise<ConnectError> {
  const error = await call.then(
    () => assert.fail('the call was answered'),
    (reason) => reason,
  );
  assert.ok(error instanceof ConnectError, String(error));
  return error;
}

for (const { name, create } of EVERY_CLIENT) {
  const client = () => create({ baseUrl: keypool.url, token: keypool.token });

  describe(`what ${name} brings from the server`, () => {
    it('is a drawn key', async () => {
      const pool = await keypool.addPool();
      const drawn = await client().keyPool.drawKey({ feature: pool.feature });
      assert.equal(drawn.value, pool.value);
      assert.equal(drawn.units, 1);
    });

    it('is who the caller is, with its token sent as it is at every call', async () => {
      const tokens = [keypool.token, 'no-token-of-ours'];
      const { auth } = create({ baseUrl: keypool.url, token: async () => tokens.shift() ?? '' });
      assert.equal((await auth.whoAmI({})).consumer?.name, 'client test');
      assert.equal(keypoolErrorOf(await errorOf(auth.whoAmI({})))?.reason, 'TOKEN_INVALID');
      assert.equal((await errorOf(auth.whoAmI({}))).cause instanceof TypeError, true);
    });

    it('is a JWT for a token, and what a backend is told of both', async () => {
      const { accessToken, expireTime } = await client().auth.exchangeToken({});
      assert.ok(expireTime !== undefined && timestampDate(expireTime).getTime() > Date.now());
      const consumer = { name: 'backend', scopes: ['tokens.verify', 'usage.write'] };
      const backend = await keypool.admin.createConsumer({ consumer });
      const { auth } = create({ baseUrl: keypool.url, token: backend.token });
      for (const token of [keypool.token, accessToken]) {
        const { code, consumer: whose } = await auth.verifyToken({ token, requiredScopes: ['api:access'] });
        assert.deepEqual([code, whose?.name], [VerifyCode.VALID, 'client test']);
      }
      assert.equal((await auth.verifyToken({ token: 'nobody' })).code, VerifyCode.NOT_FOUND);
      const events = [{ id: randomUUID(), consumerId: backend.consumer?.id, statusCode: 200 }];
      assert.equal((await auth.batchRecordUsage({ events })).recordedCount, 1);
      assert.equal((await auth.batchRecordUsage({ events })).recordedCount, 0);
    });

    it('is when to try again where every key is at a limit', async () => {
      const { feature } = await keypool.addPool({ perHour: 1 });
      const { keyPool } = client();
      await keyPool.drawKey({ feature });
      const error = await errorOf(keyPool.drawKey({ feature }));
      assert.equal(error.code, Code.ResourceExhausted);
      const refused = keypoolErrorOf(error);
      assert.equal(refused?.reason, 'POOL_EXHAUSTED');
      const { retryAfterMs } = refused;
      assert.ok(retryAfterMs !== null && retryAfterMs > HOUR_MS / 2 && retryAfterMs < 2 * HOUR_MS);
      assert.equal(Number.isInteger(retryAfterMs), true);
    });

    it('is which fields were refused, and why', async () => {
      const refused = keypoolErrorOf(await errorOf(client().keyPool.drawKey({ feature: 'Not A Name' })));
      assert.equal(refused?.reason, 'INVALID_FIELD');
      assert.deepEqual(
        refused.violations.map(({ field }) => field),
        ['feature'],
      );
      assert.notEqual(refused.violations[0]?.description, '');
      assert.equal(refused.retryAfterMs, null);
    });

    it('is a reason, a sentence and the id of the request where waiting does not help', async () => {
      const error = await errorOf(client().keyPool.drawKey({ feature: 'granted_to_nobody' }));
      assert.equal(error.code, Code.PermissionDenied);
      const refused = keypoolErrorOf(error);
      assert.equal(refused?.reason, 'FEATURE_NOT_GRANTED');
      assert.equal(refused.message, error.rawMessage);
      assert.notEqual(refused.metadata.request_id ?? '', '');
      assert.deepEqual([refused.retryAfterMs, refused.violations], [null, []]);
    });
  });

  describe(`${name} without an answer`, () => {
    it('says Unavailable where nothing listens', async () => {
      const { auth } = create({ baseUrl: await closedUrl(), token: TOKEN });
      const error = await errorOf(auth.whoAmI({}));
      assert.equal(error.code, Code.Unavailable);
      assert.equal(keypoolErrorOf(error), null);
    });

    it('says Unavailable where the connection breaks', async () => {
      await using server = await silentServer();
      const { auth } = create({ baseUrl: server.url, token: TOKEN });
      const call = errorOf(auth.whoAmI({}));
      await server.connected;
      server.cut();
      assert.equal((await call).code, Code.Unavailable);
    });

    it('gives up after its time, or that of the call', async () => {
      await using server = await silentServer();
      const hasty = create({ baseUrl: server.url, token: TOKEN, timeoutMs: 20 });
      assert.equal((await errorOf(hasty.auth.whoAmI({}))).code, Code.DeadlineExceeded);
      const patient = create({ baseUrl: server.url, token: TOKEN });
      const call = patient.auth.whoAmI({}, { timeoutMs: 20 });
      assert.equal((await errorOf(call)).code, Code.DeadlineExceeded);
    });

    it('stops at an abort, before the call and in it', async () => {
      await using server = await silentServer();
      const { auth } = create({ baseUrl: server.url, token: TOKEN });
      const abort = new AbortController();
      const call = errorOf(auth.whoAmI({}, { signal: abort.signal }));
      abort.abort();
      assert.equal((await call).code, Code.Canceled);
      assert.equal((await errorOf(auth.whoAmI({}, { signal: abort.signal }))).code, Code.Canceled);
    });

    it('ends its calls when it is closed, and makes no more', async () => {
      await using server = await silentServer();
      const closing = create({ baseUrl: server.url, token: TOKEN });
      const calls = [closing.auth.whoAmI({}), closing.keyPool.getAvailability({ feature: 'any' })].map(
        errorOf,
      );
      closing.close();
      closing.close();
      for (const error of await Promise.all(calls)) assert.equal(error.code, Code.Canceled);
      const accepted = server.accepted();
      assert.equal((await errorOf(closing.auth.whoAmI({}))).code, Code.Canceled);
      assert.equal(server.accepted(), accepted);
    });
  });
}
