import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { type Attacked, attacked, STORES } from './attacked.ts';
import { refused } from './json-call.ts';
import { serve } from './served.ts';

const ISSUER = 'https://keypool.example';
const JWKS = '/.well-known/jwks.json';

for (const store of STORES)
  describe(`a JWT for a token, on ${store}`, () => {
    let target: Attacked;
    before(async () => {
      target = await attacked(store, { JWT_ISSUER: ISSUER, JWT_AUDIENCE: 'api', JWT_TTL: '10m' });
    });
    after(() => target[Symbol.asyncDispose]());

    async function exchange(consumer: Record<string, unknown> = {}) {
      const { id, token } = await target.issue(consumer);
      const { status, body } = await target.call('AuthService/ExchangeToken', {}, { token });
      assert.equal(status, 200, JSON.stringify(body));
      return { id, token, jwt: String(body.accessToken), body };
    }

    it('is verified by anybody with the published keys', async () => {
      const { id, jwt, body } = await exchange({ scopes: ['chat', 'images'] });
      assert.equal(body.tokenType, 'Bearer');
      const keys = createRemoteJWKSet(new URL(JWKS, target.served.url));
      const { payload } = await jwtVerify(jwt, keys, { issuer: ISSUER, audience: 'api', typ: 'at+jwt' });
      assert.deepEqual([payload.sub, payload.scope], [id, 'chat images']);
      const expireMs = Date.parse(String(body.expireTime));
      assert.equal((payload.exp ?? 0) * 1000, expireMs);
      assert.ok(expireMs > Date.now() + 590_000 && expireMs <= Date.now() + 600_000);
    });

    it('is accepted and verified as its token is', async () => {
      const { id, jwt } = await exchange({ scopes: ['chat'] });
      const { body } = await target.call('AuthService/WhoAmI', {}, { token: jwt });
      assert.deepEqual(
        [body.kind, (body.consumer as { id: string }).id, body.scopes],
        ['CALLER_KIND_CONSUMER', id, ['chat']],
      );
      assert.equal(await target.verify(jwt, { requiredScopes: ['chat'] }), 'VALID');
      assert.equal(await target.verify(jwt, { requiredScopes: ['images'] }), 'INSUFFICIENT_SCOPE');
      await target.call('AdminService/RevokeConsumer', { id, reason: 'leaked' });
      assert.equal(await target.verify(jwt), 'REVOKED');
      refused(await target.call('AuthService/WhoAmI', {}, { token: jwt }), 401, 'TOKEN_REVOKED');
    });

    it('is refused once the keys are withdrawn that could have signed it, and another is accepted', async () => {
      const { id, token, jwt } = await exchange();
      const listed = async () => {
        const { keys } = await (await fetch(new URL(JWKS, target.served.url))).json();
        return keys.map(({ kid }: { kid: string }) => kid);
      };
      const signer = decodeProtectedHeader(jwt).kid;
      const kept = await target.call('AdminService/RotateSigningKey', {});
      assert.deepEqual(await listed(), [signer, kept.body.keyId]);
      assert.equal(await target.verify(jwt), 'VALID');
      const revoke = { reason: 'found in a backup', revokePrevious: true };
      const { body } = await target.call('AdminService/RotateSigningKey', revoke);
      assert.equal(body.withdrawnKeys, 2);
      assert.ok(Math.abs(Date.parse(String(body.createTime)) - Date.now()) < 60_000);
      refused(await target.call('AuthService/WhoAmI', {}, { token: jwt }), 401, 'TOKEN_INVALID');
      assert.equal(await target.verify(jwt), 'NOT_FOUND');
      assert.deepEqual(await listed(), [body.keyId]);
      const again = await target.call('AuthService/ExchangeToken', {}, { token });
      const next = await target.call('AuthService/WhoAmI', {}, { token: String(again.body.accessToken) });
      assert.equal((next.body.consumer as { id: string }).id, id);
      const events = await target.call('AdminService/ListAdminEvents', { resourceType: 'signing_key' });
      assert.deepEqual(
        (events.body.adminEvents as readonly { resourceId: string }[]).map(({ resourceId }) => resourceId),
        [body.keyId, kept.body.keyId],
      );
    });

    it('stays accepted when only reading admins want its key withdrawn', async () => {
      const { jwt } = await exchange();
      const reader = await target.issue({ scopes: ['admin.read'] });
      const answer = await target.call('AdminService/RotateSigningKey', { revokePrevious: true }, reader);
      refused(answer, 403, 'ADMIN_REQUIRED');
      assert.equal(await target.verify(jwt), 'VALID');
    });

    it('is given for a token only, not for itself or the root token', async () => {
      const { jwt } = await exchange();
      for (const token of [jwt, target.served.adminToken])
        refused(await target.call('AuthService/ExchangeToken', {}, { token }), 400, 'EXCHANGE_NOT_POSSIBLE');
    });
  });

describe('the published keys', () => {
  it('are shown without a token, public halves only, and may be kept for some minutes', async () => {
    await using served = await serve();
    const response = await fetch(new URL(JWKS, served.url));
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('cache-control'), 'public, max-age=300');
    assert.equal(response.headers.get('content-type'), 'application/json');
    const { keys } = await response.json();
    assert.equal(keys.length, 1);
    const { kid, x, ...rest } = keys[0];
    assert.deepEqual(rest, { kty: 'OKP', crv: 'Ed25519', use: 'sig', alg: 'EdDSA' });
    assert.match(`${kid}${x}`, /^[\w-]{86}$/);
    const head = await fetch(new URL(JWKS, served.url), { method: 'HEAD' });
    assert.deepEqual([head.status, await head.text()], [200, '']);
  });

  it('are not told while the store is out of reach', async () => {
    await using served = await serve();
    await served.context.store.close();
    const response = await fetch(new URL(JWKS, served.url));
    assert.deepEqual([response.status, await response.json()], [503, { status: 'store_unreachable' }]);
    assert.equal(response.headers.get('cache-control'), 'no-store');
  });
});
