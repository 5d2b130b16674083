import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { decodeProtectedHeader } from 'jose';
import { authenticate, currentIdentity } from '../../src/domain/authenticate.ts';
import { createConsumer } from '../../src/domain/create-consumer.ts';
import { exchangeToken } from '../../src/domain/exchange-token.ts';
import { rotateSigningKey } from '../../src/domain/rotate-signing-key.ts';
import { newConsumer } from './examples.ts';
import { callBy, type Domain, openDomain } from './open-domain.ts';
import { refused, refusedFields } from './refusals.ts';
import { openWaitingPool, settledRounds } from './waiting-pool.ts';

const PEER = '192.0.2.1';
const REVOKE = { reason: 'found in a backup', revokePrevious: true };

const enter = ({ context }: Pick<Domain, 'context'>, token: string) =>
  authenticate(context, { token, peerAddress: PEER });

/** A consumer's token, and a JWT for it that was let in. */
async function openExchanged(t: TestContext) {
  const domain = await openDomain(t);
  const { context, root } = domain;
  const { token } = await createConsumer(context, root, { consumer: newConsumer() });
  const exchange = async () => (await exchangeToken(context, callBy(await enter(domain, token)))).token;
  const jwt = await exchange();
  return { ...domain, exchange, jwt, identity: await enter(domain, jwt) };
}

/** Another process on the same store, which hears of no change. */
function unheardDomain(t: TestContext, { context, clock }: Domain): Promise<Domain> {
  const { store, sealer } = context;
  return openDomain(t, {
    store: { ...store, onChange: () => () => {}, changeLagMs: () => Infinity },
    clock,
    sealer,
  });
}

describe('RotateSigningKey', () => {
  it('has a new key sign, and what older ones signed accepted as before', async (t) => {
    const domain = await openExchanged(t);
    const { context, root, jwt, exchange } = domain;
    const { id, createdAt, withdrawn } = await rotateSigningKey(context, root, {
      reason: '',
      revokePrevious: false,
    });
    assert.deepEqual([createdAt, withdrawn], [context.store.now(), []]);
    await enter(domain, jwt);
    const next = await exchange();
    assert.equal(decodeProtectedHeader(next).kid, id);
    await enter(domain, next);
    assert.equal((await context.jwts.publishedKeys()).length, 2);
  });

  it('with revoke_previous refuses at once what older ones signed, also while its call is under way', async (t) => {
    const domain = await openExchanged(t);
    const { context, root, jwt, identity, exchange } = domain;
    const { id, withdrawn } = await rotateSigningKey(context, root, REVOKE);
    assert.deepEqual(withdrawn, [decodeProtectedHeader(jwt).kid]);
    await refused(enter(domain, jwt), 'TOKEN_INVALID');
    await refused(currentIdentity(context, { identity, peerAddress: PEER }), 'TOKEN_INVALID');
    assert.deepEqual(
      (await context.jwts.publishedKeys()).map(({ kid }) => kid),
      [id],
    );
    await enter(domain, await exchange());
  });

  it('is heeded within a second by a process that is not told, which takes the new JWTs at once', async (t) => {
    const domain = await openExchanged(t);
    const { context, root, clock, jwt, exchange } = domain;
    const other = await unheardDomain(t, domain);
    await enter(other, jwt);
    await rotateSigningKey(context, root, REVOKE);
    await enter(other, jwt);
    clock.advance(900);
    await refused(enter(other, jwt), 'TOKEN_INVALID');
    clock.advance(100);
    await enter(other, await exchange());
  });

  it('refuses a JWT that another process signs with a withdrawn key before it knows', async (t) => {
    const domain = await openExchanged(t);
    const { context, root, clock } = domain;
    const other = await unheardDomain(t, domain);
    const { token } = await createConsumer(context, root, { consumer: newConsumer() });
    const exchangeThere = async () =>
      (await exchangeToken(other.context, callBy(await enter(other, token)))).token;
    await exchangeThere();
    await rotateSigningKey(context, root, REVOKE);
    const late = await exchangeThere();
    await refused(enter(domain, late), 'TOKEN_INVALID');
    clock.advance(900);
    await refused(enter(other, late), 'TOKEN_INVALID');
    await enter(domain, await exchangeThere());
  });

  it('ends the wait of a draw that came by a withdrawn key', async (t) => {
    const pool = await openWaitingPool(t);
    const { context, root, caller, begin } = pool;
    const { token } = await exchangeToken(context, caller);
    await begin();
    const waiting = await begin({}, callBy(await enter(pool, token)));
    const other = await begin();
    await rotateSigningKey(context, root, REVOKE);
    await settledRounds();
    assert.deepEqual([waiting.what(), other.what()], ['TOKEN_INVALID', null]);
  });

  it('is on record, with why and which keys were withdrawn', async (t) => {
    const { context, root, jwt } = await openExchanged(t);
    const { id } = await rotateSigningKey(context, root, REVOKE);
    const { items } = await context.store.listAdminEvents(
      { resourceType: 'signing_key' },
      { after: null, limit: 9 },
    );
    assert.deepEqual(
      items.map(({ action, resourceId, changes }) => [action, resourceId, changes]),
      [
        [
          'RotateSigningKey',
          id,
          [
            { field: 'reason', before: null, after: '"found in a backup"' },
            { field: 'revoke_previous', before: null, after: 'true' },
            {
              field: 'withdrawn_key_ids',
              before: null,
              after: JSON.stringify([decodeProtectedHeader(jwt).kid]),
            },
          ],
        ],
      ],
    );
  });

  it('takes a reason of one line only, and changes nothing where it is none', async (t) => {
    const domain = await openExchanged(t);
    const { context, root, jwt } = domain;
    for (const reason of ['a\nb', 'x'.repeat(501)])
      assert.deepEqual(
        await refusedFields(rotateSigningKey(context, root, { reason, revokePrevious: true })),
        ['reason'],
      );
    await enter(domain, jwt);
  });
});
