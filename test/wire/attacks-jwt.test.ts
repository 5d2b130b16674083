import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { CompactSign, exportJWK, exportSPKI, importJWK, type JWK } from 'jose';
import { createSigningKeys } from '../../src/domain/signing-keys.ts';
import { type Attacked, attacked, changedAt, type Issued, STORES } from './attacked.ts';
import { refused } from './json-call.ts';

type Claims = Readonly<Record<string, unknown>>;
type Header = Claims & { readonly kid: string };

const MINUTE_S = 60;

/** One part of a JWT. */
function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function partOf(jwt: string, index: number): Claims {
  return JSON.parse(Buffer.from(jwt.split('.')[index] ?? '', 'base64url').toString());
}

function sign(key: KeyObject | Uint8Array, header: Claims, claims: Claims): Promise<string> {
  return new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'EdDSA', ...header })
    .sign(key);
}

for (const store of STORES)
  describe(`a JWT that was tampered with, on ${store}`, () => {
    let target: Attacked;
    let client: Issued;
    /** As issued, and what it is made of. */
    let good: string;
    let header: Header;
    let claims: Claims;
    /** What everybody may read. */
    let published: JWK;
    /** What nobody should have: the key that signed it. */
    let stolen: KeyObject;
    const { privateKey: own, publicKey: ownPublic } = generateKeyPairSync('ed25519');
    before(async () => {
      target = await attacked(store);
      client = await target.issue({ scopes: ['chat'] });
      good = await exchange(client.token);
      header = partOf(good, 0) as Header;
      claims = partOf(good, 1);
      const { keys } = await (await fetch(`${target.served.url}/.well-known/jwks.json`)).json();
      published = keys.find(({ kid }: JWK) => kid === header.kid);
      const { context } = target.served;
      stolen = (await createSigningKeys({ ...context, rotationMs: 3_600_000 }).current()).key;
    });
    after(async () => {
      target.assertNothingLeaked([client.token, target.served.adminToken]);
      await target[Symbol.asyncDispose]();
    });

    async function exchange(token: string): Promise<string> {
      const { body } = await target.call('AuthService/ExchangeToken', {}, { token });
      return String(body.accessToken);
    }

    /** Expects a JWT to be refused to its bearer and to a backend. */
    async function assertRefused(
      token: string,
      reason = 'TOKEN_INVALID',
      code = 'NOT_FOUND',
      what = token,
    ): Promise<void> {
      const answer = await target.call('AuthService/WhoAmI', {}, { token });
      assert.equal(refused(answer, 401, reason).reason, reason, what);
      assert.equal(await target.verify(token), code, what);
    }

    it('is good as it was, and when signed so anew', async () => {
      assert.equal(await target.verify(good, { requiredScopes: ['chat'] }), 'VALID');
      assert.equal(await target.verify(await sign(stolen, header, claims)), 'VALID');
    });

    it('to have no signature is refused', async () => {
      for (const alg of ['none', 'None', 'NONE', 'nOnE', '', null]) {
        const unsigned = `${part({ ...header, alg })}.${part(claims)}`;
        for (const signature of ['', good.split('.')[2]]) await assertRefused(`${unsigned}.${signature}`);
      }
    });

    it('to be signed with the public key as a shared secret is refused', async () => {
      const key = await importJWK(published, 'EdDSA');
      assert.ok(!(key instanceof Uint8Array));
      const secrets = [
        Buffer.from(published.x ?? '', 'base64url'),
        Buffer.from(published.x ?? ''),
        Buffer.from(JSON.stringify(published)),
        Buffer.from(await exportSPKI(key)),
      ];
      for (const secret of secrets)
        await assertRefused(await sign(secret, { ...header, alg: 'HS256' }, claims));
    });

    it('to name another key, or to bring one along, is refused', async () => {
      const jwk = await exportJWK(ownPublic);
      for (const more of [
        {},
        { kid: 'another' },
        { kid: '' },
        { kid: '../../../dev/null' },
        { kid: undefined },
        { jwk },
      ])
        await assertRefused(await sign(own, { ...header, ...more }, claims));
      for (const kid of ['another', undefined])
        await assertRefused(await sign(stolen, { ...header, kid }, claims));
      const { privateKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      await assertRefused(await sign(rsa, { ...header, alg: 'RS256' }, claims));
    });

    it('to be for somebody else, or of somebody else, is refused', async () => {
      for (const wrong of [
        { aud: 'elsewhere' },
        { aud: ['elsewhere'] },
        { aud: undefined },
        { iss: 'elsewhere' },
        { iss: undefined },
        { sub: undefined },
        { sub: 7 },
        { sub: 'nobody' },
        { tkt: undefined },
        { tkt: 'AAAAAAAAAAAAAAAAAAAAAA' },
        { jti: undefined },
        { scope: ['chat'] },
      ])
        await assertRefusedClaims(wrong);
    });

    async function assertRefusedClaims(wrong: Claims): Promise<void> {
      const token = await sign(stolen, header, { ...claims, ...wrong });
      const answer = await target.call('AuthService/WhoAmI', {}, { token });
      assert.equal(answer.status, 401, JSON.stringify(wrong));
      assert.notEqual(await target.verify(token), 'VALID', JSON.stringify(wrong));
    }

    it('to be of another time, or of none, is refused', async () => {
      const nowS = Math.floor(target.served.context.store.now() / 1000);
      const late = await sign(stolen, header, { ...claims, exp: nowS });
      await assertRefused(late, 'TOKEN_EXPIRED', 'EXPIRED');
      for (const wrong of [{ exp: undefined }, { exp: 'never' }, { nbf: nowS + MINUTE_S }, { iat: 'now' }])
        await assertRefusedClaims(wrong);
    });

    it('to be of another kind is refused', async () => {
      for (const wrong of [{ typ: 'JWT' }, { typ: undefined }, { typ: 'dpop+jwt' }])
        await assertRefused(await sign(stolen, { ...header, ...wrong }, claims));
      const critical = part({ ...header, crit: ['exp'], exp: 1 });
      await assertRefused(`${critical}.${good.split('.').slice(1).join('.')}`);
    });

    it('in any letter is refused', async () => {
      const [head = '', payload = '', signature = ''] = good.split('.');
      const more = part({ ...claims, scope: 'chat admin' });
      for (const text of [
        `${head}.${more}.${signature}`,
        `${head}.${changedAt(payload, 20)}.${signature}`,
        `${head}.${payload}.${changedAt(signature, 0)}`,
        `${head}.${payload}.${signature.slice(0, -4)}`,
        `${head}.${payload}.${signature}AAAA`,
        `${head}.${payload}.${'A'.repeat(signature.length)}`,
        `${head}.${payload}.`,
        `${head}.${payload}`,
        `${good}.${signature}`,
      ])
        await assertRefused(text);
    });

    it('to ask for more scopes than its consumer has gains nothing', async () => {
      const greedy = await sign(stolen, header, { ...claims, scope: 'chat admin tokens.verify' });
      assert.equal(await target.verify(greedy, { requiredScopes: ['admin'] }), 'INSUFFICIENT_SCOPE');
      refused(await target.call('AdminService/ListTiers', {}, { token: greedy }), 403, 'ADMIN_REQUIRED');
    });

    it('to get itself another one is refused', async () => {
      const answer = await target.call('AuthService/ExchangeToken', {}, { token: good });
      assert.equal(refused(answer, 400, 'EXCHANGE_NOT_POSSIBLE').reason, 'EXCHANGE_NOT_POSSIBLE');
    });

    it('is of no use any more once its consumer or its token is not', async () => {
      const replaced = await target.issue();
      const old = await exchange(replaced.token);
      await target.call('AdminService/RegenerateToken', { id: replaced.id });
      await assertRefused(old, 'TOKEN_REVOKED', 'REVOKED');
      const revoked = await target.issue();
      const jwt = await exchange(revoked.token);
      await target.call('AdminService/RevokeConsumer', { id: revoked.id, reason: 'leaked' });
      await assertRefused(jwt, 'TOKEN_REVOKED', 'REVOKED');
    });
  });
