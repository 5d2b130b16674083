import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { decodeJwt, decodeProtectedHeader, type JWTPayload, SignJWT } from 'jose';
import { authenticate } from '../../src/domain/authenticate.ts';
import { createConsumer } from '../../src/domain/create-consumer.ts';
import { exchangeToken } from '../../src/domain/exchange-token.ts';
import { identityByToken } from '../../src/domain/identity.ts';
import { publicKeyOf } from '../../src/model/signing-key.ts';
import { newConsumer } from './examples.ts';
import { callBy, type Domain, openDomain } from './open-domain.ts';
import { refused } from './refusals.ts';

interface Attacked {
  readonly domain: Domain;
  /** One that is good. */
  readonly jwt: string;
  readonly header: { readonly kid: string };
  readonly claims: JWTPayload;
  /** Signs anything with the service's own key. */
  readonly signWithOwn: (claims: JWTPayload, header?: object) => Promise<string>;
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

async function openAttacked(t: TestContext): Promise<Attacked> {
  const domain = await openDomain(t);
  const { context, root } = domain;
  const { consumer } = await createConsumer(context, root, { consumer: newConsumer({ scopes: ['chat'] }) });
  const { token: jwt } = await exchangeToken(context, callBy(identityByToken(consumer)));
  const { kid } = decodeProtectedHeader(jwt);
  assert.ok(kid);
  const signWithOwn = async (claims: JWTPayload, header: object = {}) => {
    const [stored] = await context.store.listSigningKeys();
    assert.ok(stored);
    const { open } = context.sealer;
    const place = { table: 'signing_keys', row: stored.id, field: 'private_key' };
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: stored.publicKey, d: open(stored.privateKey, place) };
    return new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid, ...header }).sign(jwk);
  };
  return { domain, jwt, header: { kid }, claims: decodeJwt(jwt), signWithOwn };
}

function hmac(key: string | Uint8Array, header: object, claims: object): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', ...header })
    .sign(typeof key === 'string' ? new TextEncoder().encode(key) : key);
}

function pem(key: KeyObject): string {
  return String(key.export({ type: 'spki', format: 'pem' }));
}

const otherKey = generateKeyPairSync('ed25519');
const rsaKey = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** Each makes a text that is no good, out of all that an attacker could know. */
const ATTACKS: Readonly<Record<string, (attacked: Attacked) => Promise<string> | string>> = {
  'alg none, without a signature': ({ header, claims }) =>
    `${part({ ...header, alg: 'none', typ: 'at+jwt' })}.${part(claims)}.`,
  'alg none, in odd letters, with the old signature': ({ jwt, header, claims }) =>
    `${part({ ...header, alg: 'nOnE', typ: 'at+jwt' })}.${part(claims)}.${jwt.split('.')[2]}`,
  'HS256 with the raw public key': async ({ domain, header, claims }) => {
    const [key] = await domain.context.jwts.publishedKeys();
    return hmac(Buffer.from(key?.x ?? '', 'base64url'), header, claims);
  },
  'HS256 with the public key as PEM': async ({ domain, header, claims }) => {
    const [key] = await domain.context.store.listSigningKeys();
    assert.ok(key);
    return hmac(pem(publicKeyOf(key)), header, claims);
  },
  'another key under the kid of this service': ({ header, claims }) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', ...header })
      .sign(otherKey.privateKey),
  'another key that the header brings along': ({ claims }) =>
    new SignJWT(claims)
      .setProtectedHeader({
        alg: 'EdDSA',
        typ: 'at+jwt',
        kid: 'mine',
        jwk: { kty: 'OKP', crv: 'Ed25519', x: String(otherKey.publicKey.export({ format: 'jwk' }).x) },
      })
      .sign(otherKey.privateKey),
  'RS256 under the kid of this service': ({ header, claims }) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', ...header })
      .sign(rsaKey.privateKey),
  'a kid that nobody has': ({ claims, signWithOwn }) => signWithOwn(claims, { kid: 'nobody' }),
  'a kid that is a path': ({ claims, signWithOwn }) => signWithOwn(claims, { kid: '../../etc/passwd' }),
  'no kid': ({ claims, signWithOwn }) => signWithOwn(claims, { kid: undefined }),
  'another type of token': ({ claims, signWithOwn }) => signWithOwn(claims, { typ: 'JWT' }),
  'a header that must be understood and is not': ({ jwt, header, claims }) =>
    `${part({ ...header, alg: 'EdDSA', typ: 'at+jwt', crit: ['x'], x: 1 })}.${part(claims)}.${jwt.split('.')[2]}`,
  'another audience': ({ claims, signWithOwn }) => signWithOwn({ ...claims, aud: 'other' }),
  'no audience': ({ claims, signWithOwn }) => signWithOwn({ ...claims, aud: undefined }),
  'another issuer': ({ claims, signWithOwn }) => signWithOwn({ ...claims, iss: 'other' }),
  'no expiry': ({ claims, signWithOwn }) => signWithOwn({ ...claims, exp: undefined }),
  'not yet valid': ({ claims, signWithOwn }) => signWithOwn({ ...claims, nbf: (claims.exp ?? 0) + 1 }),
  'a consumer that there is not': ({ claims, signWithOwn }) => signWithOwn({ ...claims, sub: 'nobody' }),
  'a changed claim': ({ jwt, claims }) => {
    const [head, , signature] = jwt.split('.');
    return `${head}.${part({ ...claims, scope: 'chat admin' })}.${signature}`;
  },
  'a signature with a bit turned': ({ jwt }) => {
    const [head, body, signature = ''] = jwt.split('.');
    const bytes = Buffer.from(signature, 'base64url');
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    return `${head}.${body}.${bytes.toString('base64url')}`;
  },
  'a signature cut off': ({ jwt }) => jwt.slice(0, jwt.lastIndexOf('.') + 1),
  'a fourth part': ({ jwt }) => `${jwt}.${jwt.split('.')[2]}`,
  'a megabyte': ({ jwt }) => jwt + 'a'.repeat(1 << 20),
  'random bytes in three parts': () => [0, 1, 2].map(() => randomBytes(40).toString('base64url')).join('.'),
};

describe('a JWT', () => {
  for (const [name, make] of Object.entries(ATTACKS))
    it(`with ${name} is refused`, async (t) => {
      const attacked = await openAttacked(t);
      const token = await make(attacked);
      const work = authenticate(attacked.domain.context, { token, peerAddress: '192.0.2.1' });
      const error = await refused(work, 'TOKEN_INVALID');
      assert.equal(error.message, 'The token is not known. Check that it was copied whole.');
      assert.deepEqual(error.metadata, {});
    });

  it('with a thumbprint of another token is refused as revoked', async (t) => {
    const { domain, claims, signWithOwn } = await openAttacked(t);
    const token = await signWithOwn({ ...claims, tkt: randomBytes(16).toString('base64url') });
    await refused(authenticate(domain.context, { token, peerAddress: '' }), 'TOKEN_REVOKED');
  });

  it('is good again when nothing was changed', async (t) => {
    const { domain, jwt, claims, signWithOwn } = await openAttacked(t);
    for (const token of [jwt, await signWithOwn(claims)])
      await authenticate(domain.context, { token, peerAddress: '192.0.2.1' });
  });
});
