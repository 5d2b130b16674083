import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { sharedMongod } from '../support/mongod.ts';
import { startOpenIdProvider } from '../support/openid-provider.ts';
import { callJson, toldError } from './json-call.ts';
import { envOf } from './openid-env.ts';
import { type Served, serve } from './served.ts';

const EVERYWHERE_MS = 2000;

describe('several processes on one MongoDB', () => {
  const refusalOf = async (served: Served, token: string) => {
    const answer = await callJson(served, 'AuthService/WhoAmI', {}, { token });
    return answer.status === 200 ? null : toldError(answer).reason;
  };

  it('ask the provider once about a token, and refuse a denied subject within 2 s', async (t) => {
    const provider = await startOpenIdProvider();
    const lease = await sharedMongod();
    const env = { DATABASE_URL: lease.uri, ...envOf(provider) };
    const one = await serve(env);
    const other = await serve(env);
    t.after(async () => {
      await Promise.all([one.close(), other.close()]);
      await lease.drop();
      await provider[Symbol.asyncDispose]();
    });
    const token = await provider.issue({ subject: 'ada', audience: 'keypool', claims: { org: 'x' } });
    assert.equal(await refusalOf(one, token), null);
    await eventually('the other process learns of it from the store', async () => {
      provider.setMood('failing');
      return (await refusalOf(other, token)) === null ? true : null;
    });
    assert.equal(provider.asked(), 1);
    await callJson(one, 'AdminService/DenySubject', { subject: 'ada', reason: 'left' });
    for (const served of [one, other])
      await eventually(
        'the subject is refused',
        async () => ((await refusalOf(served, token)) === 'TOKEN_REVOKED' ? true : null),
        EVERYWHERE_MS,
      );
  });

  /** Two services on one database, and what each of them gives for the token of one consumer. */
  async function openTwo(t: TestContext) {
    const lease = await sharedMongod();
    const one = await serve({ DATABASE_URL: lease.uri });
    const other = await serve({ DATABASE_URL: lease.uri });
    t.after(async () => {
      await Promise.all([one.close(), other.close()]);
      await lease.drop();
    });
    const made = await callJson(one, 'AdminService/CreateConsumer', { consumer: { name: 'c' } });
    const { consumer, token } = made.body as { consumer: { id: string }; token: string };
    const both = [one, other];
    const exchange = () =>
      Promise.all(
        both.map(async (served) => {
          const { body } = await callJson(served, 'AuthService/ExchangeToken', {}, { token });
          return String(body.accessToken);
        }),
      );
    const jwts = await exchange();
    for (const served of both) for (const jwt of jwts) assert.equal(await refusalOf(served, jwt), null);
    const allRefused = async (reason: string) => {
      for (const served of both)
        for (const jwt of jwts)
          await eventually(
            'the JWT is refused',
            async () => ((await refusalOf(served, jwt)) === reason ? true : null),
            EVERYWHERE_MS,
          );
    };
    return { one, other, consumer, exchange, allRefused };
  }

  it('accept each other’s JWTs, and refuse one of a revoked consumer within 2 s', async (t) => {
    const { one, consumer, allRefused } = await openTwo(t);
    await callJson(one, 'AdminService/RevokeConsumer', { id: consumer.id, reason: 'leaked' });
    await allRefused('TOKEN_REVOKED');
  });

  it('refuse JWTs by a withdrawn key within 2 s, and accept those by the new one', async (t) => {
    const { one, other, exchange, allRefused } = await openTwo(t);
    const rotated = await callJson(one, 'AdminService/RotateSigningKey', { revokePrevious: true });
    assert.equal(rotated.body.withdrawnKeys, 1);
    await allRefused('TOKEN_INVALID');
    const published = await fetch(new URL('/.well-known/jwks.json', other.url));
    const { keys } = await published.json();
    assert.deepEqual(
      keys.map(({ kid }: { kid: string }) => kid),
      [rotated.body.keyId],
    );
    for (const jwt of await exchange())
      for (const served of [one, other]) assert.equal(await refusalOf(served, jwt), null);
  });
});
