import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeJwt, decodeProtectedHeader, importJWK, jwtVerify } from 'jose';
import { authenticate, currentIdentity } from '../../src/domain/authenticate.ts';
import type { NewConsumer } from '../../src/domain/consumer-fields.ts';
import type { ConsumerIdentity } from '../../src/domain/context.ts';
import { createConsumer } from '../../src/domain/create-consumer.ts';
import { deleteConsumer } from '../../src/domain/delete-consumer.ts';
import { exchangeToken } from '../../src/domain/exchange-token.ts';
import { regenerateToken } from '../../src/domain/regenerate-token.ts';
import { revokeConsumer } from '../../src/domain/revoke-consumer.ts';
import { updateConsumer } from '../../src/domain/update-consumer.ts';
import { tokenHash } from '../../src/model/token.ts';
import { newConsumer } from './examples.ts';
import { callBy, type Domain, openDomain } from './open-domain.ts';
import { refused } from './refusals.ts';

const HOUR_MS = 3_600_000;
const PEER = '192.0.2.1';

async function enter({ context }: Domain, token: string, peerAddress = PEER): Promise<ConsumerIdentity> {
  const identity = await authenticate(context, { token, peerAddress });
  assert.equal(identity.kind, 'consumer');
  return identity;
}

/** A consumer with its token, and a JWT for that. */
async function exchanged(domain: Domain, parts: Partial<NewConsumer> = {}) {
  const { context, root } = domain;
  const { consumer, token } = await createConsumer(context, root, { consumer: newConsumer(parts) });
  const { token: jwt, expireAt } = await exchangeToken(context, callBy(await enter(domain, token)));
  return { consumer, token, jwt, expireAt };
}

const edit = ({ context, root }: Domain, id: string, changes: Partial<NewConsumer>) =>
  updateConsumer(context, root, { id, etag: null, changes });

describe('an exchanged token', () => {
  it('is an access token as of RFC 9068, signed with EdDSA by a published key', async (t) => {
    const domain = await openDomain(t);
    const { consumer, jwt, expireAt } = await exchanged(domain, { scopes: ['chat', 'images'] });
    const now = domain.context.store.now();
    assert.equal(expireAt, now + HOUR_MS);
    const [key] = await domain.context.jwts.publishedKeys();
    assert.ok(key);
    assert.deepEqual(decodeProtectedHeader(jwt), { alg: 'EdDSA', typ: 'at+jwt', kid: key.kid });
    const { payload } = await jwtVerify(jwt, await importJWK({ ...key }), { currentDate: new Date(now) });
    const { jti, tkt, ...claims } = payload;
    assert.deepEqual(claims, {
      iss: 'keypool',
      aud: 'keypool',
      sub: consumer.id,
      client_id: consumer.id,
      scope: 'chat images',
      iat: now / 1000,
      exp: expireAt / 1000,
    });
    assert.ok(typeof jti === 'string' && jti.length > 20);
    assert.ok(typeof tkt === 'string' && !consumer.tokenHash.includes(tkt));
    assert.notEqual(decodeJwt((await exchanged(domain)).jwt).jti, jti);
  });

  it('is accepted where the token is, as that consumer, and noted as its use', async (t) => {
    const domain = await openDomain(t);
    const { consumer, jwt } = await exchanged(domain, { scopes: ['chat'] });
    const identity = await enter(domain, jwt);
    assert.deepEqual([identity.consumer.id, identity.scopes], [consumer.id, ['chat']]);
    domain.clock.advance(1000);
    await enter(domain, jwt);
    await domain.context.lastUsed.flush();
    const stored = await domain.context.store.getConsumer(consumer.id);
    assert.equal(stored?.lastUsedAt, domain.context.store.now());
  });

  it('is over to the millisecond', async (t) => {
    const domain = await openDomain(t);
    const { jwt, expireAt } = await exchanged(domain);
    await enter(domain, jwt);
    domain.clock.advance(expireAt - domain.context.store.now() - 1);
    await enter(domain, jwt);
    domain.clock.advance(1);
    await refused(enter(domain, jwt), 'TOKEN_EXPIRED');
    const again = await openDomain(t);
    const fresh = await exchanged(again);
    again.clock.advance(HOUR_MS);
    await refused(enter(again, fresh.jwt), 'TOKEN_EXPIRED');
  });

  it('does not outlive the token', async (t) => {
    const domain = await openDomain(t);
    const end = domain.context.store.now() + 5500;
    const { jwt, expireAt } = await exchanged(domain, { expireAt: end });
    assert.equal(expireAt, end - 500);
    domain.clock.advance(5000);
    await refused(enter(domain, jwt), 'TOKEN_EXPIRED');
  });

  it('checks the signature once, and who it stands for on every call', async (t) => {
    const domain = await openDomain(t);
    const { consumer, jwt } = await exchanged(domain);
    assert.equal(domain.context.jwts.known(tokenHash(jwt)), undefined);
    const identity = await enter(domain, jwt);
    assert.ok(domain.context.jwts.known(tokenHash(jwt)));
    assert.equal(await enter(domain, jwt), identity);
    await edit(domain, consumer.id, { state: 'disabled' });
    await refused(enter(domain, jwt), 'CONSUMER_DISABLED');
  });

  it('ends with its consumer', async (t) => {
    const domain = await openDomain(t);
    const { context, root } = domain;
    const revoked = await exchanged(domain);
    await revokeConsumer(context, root, { id: revoked.consumer.id, reason: 'leaked' });
    await refused(enter(domain, revoked.jwt), 'TOKEN_REVOKED');
    const gone = await exchanged(domain);
    await deleteConsumer(context, root, { id: gone.consumer.id, etag: null });
    await refused(enter(domain, gone.jwt), 'TOKEN_INVALID');
    const late = await exchanged(domain);
    await edit(domain, late.consumer.id, { expireAt: context.store.now() + 10 });
    domain.clock.advance(10);
    await refused(enter(domain, late.jwt), 'TOKEN_EXPIRED');
  });

  it('ends with the token it was exchanged for', async (t) => {
    const domain = await openDomain(t);
    const { context, root } = domain;
    const { consumer, token, jwt } = await exchanged(domain);
    const graceMs = 60_000;
    const next = await regenerateToken(context, root, { id: consumer.id, etag: null, graceMs });
    await enter(domain, jwt);
    const ofOld = await exchangeToken(context, callBy(await enter(domain, token)));
    assert.equal(ofOld.expireAt, context.store.now() + graceMs);
    domain.clock.advance(graceMs - 1);
    await enter(domain, jwt);
    domain.clock.advance(1);
    await refused(enter(domain, jwt), 'TOKEN_REVOKED');
    await refused(enter(domain, token), 'TOKEN_INVALID');
    const ofNew = await exchangeToken(context, callBy(await enter(domain, next.token)));
    await enter(domain, ofNew.token);
  });

  it('has those of its scopes that the consumer still has, and never another', async (t) => {
    const domain = await openDomain(t);
    const { consumer, jwt } = await exchanged(domain, { scopes: ['chat', 'images'] });
    const scopes = async () => (await enter(domain, jwt)).scopes;
    await edit(domain, consumer.id, { scopes: ['images', 'admin'] });
    assert.deepEqual(await scopes(), ['images']);
    await edit(domain, consumer.id, { scopes: ['images', 'chat'] });
    assert.deepEqual(await scopes(), ['chat', 'images']);
  });

  it('is accepted from the addresses of its consumer only', async (t) => {
    const domain = await openDomain(t);
    const { jwt } = await exchanged(domain, { allowedIps: [PEER] });
    await refused(enter(domain, jwt, '198.51.100.1'), 'IP_NOT_ALLOWED');
    await enter(domain, jwt, `::ffff:${PEER}`);
  });

  it('is looked at anew during a call', async (t) => {
    const domain = await openDomain(t);
    const { consumer, jwt, expireAt } = await exchanged(domain);
    const look = async (call = callBy(identity)) => currentIdentity(domain.context, call);
    const identity = await enter(domain, jwt);
    assert.equal(await look(), identity);
    await edit(domain, consumer.id, { state: 'disabled' });
    await refused(look(), 'CONSUMER_DISABLED');
    await edit(domain, consumer.id, { state: 'active' });
    domain.clock.advance(expireAt - domain.context.store.now());
    await refused(look(), 'TOKEN_EXPIRED');
  });

  it('is given for a consumer’s own token only', async (t) => {
    const domain = await openDomain(t);
    const { jwt } = await exchanged(domain);
    const byJwt = callBy(await enter(domain, jwt));
    await refused(exchangeToken(domain.context, byJwt), 'EXCHANGE_NOT_POSSIBLE');
    await refused(exchangeToken(domain.context, domain.root), 'EXCHANGE_NOT_POSSIBLE');
  });
});
