import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
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

  it('accept each other’s JWTs, and refuse one of a revoked consumer within 2 s', async (t) => {
    const lease = await sharedMongod();
    const one = await serve({ DATABASE_URL: lease.uri });
    const other = await serve({ DATABASE_URL: lease.uri });
    t.after(async () => {
      await Promise.all([one.close(), other.close()]);
      await lease.drop();
    });
    const made = await callJson(one, 'AdminService/CreateConsumer', { consumer: { name: 'c' } });
    const { consumer, token } = made.body as { consumer: { id: string }; token: string };
    const jwts = await Promise.all(
      [one, other].map(async (served) => {
        const { body } = await callJson(served, 'AuthService/ExchangeToken', {}, { token });
        return String(body.accessToken);
      }),
    );
    for (const served of [one, other])
      for (const jwt of jwts) assert.equal(await refusalOf(served, jwt), null);
    await callJson(one, 'AdminService/RevokeConsumer', { id: consumer.id, reason: 'leaked' });
    for (const served of [one, other])
      for (const jwt of jwts)
        await eventually(
          'the JWT is refused',
          async () => ((await refusalOf(served, jwt)) === 'TOKEN_REVOKED' ? true : null),
          EVERYWHERE_MS,
        );
  });
});
