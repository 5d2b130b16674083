import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { sharedMongod } from '../support/mongod.ts';
import { callJson, toldError } from './json-call.ts';
import { type Served, serve } from './served.ts';

const EVERYWHERE_MS = 2000;

/** Two services on one database. */
async function serveTwice(t: TestContext): Promise<readonly [Served, Served]> {
  const lease = await sharedMongod();
  const one = await serve({ DATABASE_URL: lease.uri });
  const other = await serve({ DATABASE_URL: lease.uri });
  t.after(async () => {
    await Promise.all([one.close(), other.close()]);
    await lease.drop();
  });
  return [one, other];
}

async function admin(served: Served, method: string, body: object) {
  const answer = await callJson(served, `AdminService/${method}`, body);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body as { consumer: { id: string }; token: string };
}

/** What a service says to a token: a reason, or null when it is accepted. */
async function refusalOf(served: Served, token: string): Promise<string | null> {
  const answer = await callJson(served, 'AuthService/WhoAmI', {}, { token });
  return answer.status === 200 ? null : toldError(answer).reason;
}

function refusedEverywhere(served: readonly Served[], token: string, reason: string) {
  const all = served.map((one) =>
    eventually(
      `the token is refused: ${reason}`,
      async () => ((await refusalOf(one, token)) === reason ? true : null),
      EVERYWHERE_MS,
    ),
  );
  return Promise.all(all);
}

describe('a token that was accepted by another process a moment ago', () => {
  it('is refused everywhere within 2 s once it is disabled, replaced or revoked', async (t) => {
    const both = await serveTwice(t);
    const [one, other] = both;
    const { consumer, token } = await admin(one, 'CreateConsumer', { consumer: { name: 'c' } });
    const { id } = consumer;
    for (const served of both) assert.equal(await refusalOf(served, token), null);

    const setState = (state: string) =>
      admin(one, 'UpdateConsumer', { consumer: { id, state }, updateMask: 'state' });
    await setState('CONSUMER_STATE_DISABLED');
    await refusedEverywhere(both, token, 'CONSUMER_DISABLED');
    await setState('CONSUMER_STATE_ACTIVE');
    await eventually('it is accepted again', async () =>
      (await refusalOf(other, token)) === null ? true : null,
    );

    const renewed = await admin(one, 'RegenerateToken', { id });
    await refusedEverywhere(both, token, 'TOKEN_INVALID');
    for (const served of both) assert.equal(await refusalOf(served, renewed.token), null);

    await admin(one, 'RevokeConsumer', { id, reason: 'leaked' });
    await refusedEverywhere(both, renewed.token, 'TOKEN_REVOKED');
  });
});
