import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError, parseConfig } from './config.ts';

const SERVER = {
  AUTH_TOKEN_INTROSPECTION_URL: 'https://id.example/introspect',
  AUTH_CLIENT_ID: 'keypool',
  AUTH_CLIENT_SECRET: 'hidden-secret',
};

function mistakesIn(env: Readonly<Record<string, string>>): readonly string[] {
  try {
    parseConfig(env);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    assert.doesNotMatch(error.message, /hidden/);
    return error.mistakes;
  }
}

const mistakenIn = (env: Readonly<Record<string, string>>) =>
  mistakesIn(env).map((mistake) => mistake.split(':')[0]);

describe('the configuration of identity', () => {
  it('has JWTs of an hour, and asks no other server', () => {
    const { jwt, introspection } = parseConfig({});
    assert.deepEqual(jwt, {
      issuer: 'keypool',
      audience: 'keypool',
      ttlMs: 3_600_000,
      rotationMs: 30 * 86_400_000,
    });
    assert.equal(introspection, null);
  });

  it('names a server with what this service is there, and how long its answers are believed', () => {
    const { introspection } = parseConfig({ ...SERVER, AUTH_TOKEN_VALIDATION_CEL: 'claims.ok' });
    assert.deepEqual(introspection, {
      endpoint: {
        url: SERVER.AUTH_TOKEN_INTROSPECTION_URL,
        clientId: 'keypool',
        clientSecret: 'hidden-secret',
        timeoutMs: 5000,
      },
      rules: { validation: 'claims.ok', extraFields: null, tiers: null },
      salt: null,
      l1TtlMs: 60_000,
      l1SizeMax: 1000,
      l2TtlMs: 300_000,
    });
  });

  it('wants id and secret with the server', () => {
    const { AUTH_TOKEN_INTROSPECTION_URL } = SERVER;
    assert.deepEqual(mistakenIn({ AUTH_TOKEN_INTROSPECTION_URL }), ['AUTH_CLIENT_ID', 'AUTH_CLIENT_SECRET']);
  });

  it('takes the server by a plain URL', () => {
    for (const url of [
      'id.example',
      'ftp://id.example/',
      'https://u:hidden@id.example/',
      'https://id.example/#a',
    ])
      assert.deepEqual(
        mistakenIn({ ...SERVER, AUTH_TOKEN_INTROSPECTION_URL: url }),
        ['AUTH_TOKEN_INTROSPECTION_URL'],
        url,
      );
  });

  it('refuses rules that cannot be compiled, and says where', () => {
    for (const name of ['AUTH_TOKEN_VALIDATION_CEL', 'AUTH_TOKEN_TIERS_CEL', 'AUTH_TOKEN_EXTRA_FIELDS_CEL']) {
      assert.deepEqual(mistakenIn({ [name]: 'hidden.a == 1' }), [name]);
      const [mistake] = mistakesIn({ [name]: "claims.hidden == == 'x'" });
      assert.match(mistake ?? '', /line and column 1:\d+$/);
    }
  });

  it('keeps JWTs between a second and a day', () => {
    for (const text of ['1s', '24h']) assert.deepEqual(mistakenIn({ JWT_TTL: text }), []);
    for (const text of ['999ms', '25h']) assert.deepEqual(mistakenIn({ JWT_TTL: text }), ['JWT_TTL'], text);
    assert.deepEqual(mistakenIn({ JWT_KEY_ROTATION_DAYS: '0' }), ['JWT_KEY_ROTATION_DAYS']);
    assert.deepEqual(mistakenIn({ AUTH_TOKEN_CACHE_SALT: 'short' }), ['AUTH_TOKEN_CACHE_SALT']);
  });
});
