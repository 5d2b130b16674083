import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ConfigError, parseConfig } from './config.ts';
import { CONFIG_VARIABLES, configTable } from './config-variables.ts';

const KEY = 'ab'.repeat(32);

/** The variables that are named as mistaken, in their order. */
function mistakenIn(env: Readonly<Record<string, string>>): readonly string[] {
  try {
    parseConfig(env);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.mistakes.map((mistake) => mistake.split(':')[0] ?? '');
  }
}

describe('the configuration', () => {
  it('of an empty environment is the documented one', () => {
    const config = parseConfig({});
    assert.deepEqual(config.database, { kind: 'sqlite', path: 'data/keypool.db' });
    assert.equal(config.adminToken, null);
    assert.equal(config.host, '127.0.0.1');
    assert.equal(config.port, 8080);
    assert.equal(config.tokenPrefix, 'kp');
    assert.equal(config.usageRetentionDays, 90);
    assert.equal(config.requestTimeoutMs, 30_000);
    assert.equal(config.maxRequestBytes, 4 * 1024 * 1024);
    assert.equal(config.tls, null);
    assert.deepEqual([config.trustedProxies, config.corsOrigins, config.encryptionKeysRetired], [[], [], []]);
  });

  it('takes every default as if it had been written, and a variable set to nothing as unset', () => {
    const written = Object.entries(CONFIG_VARIABLES).map(([name, variable]) => [
      name,
      variable.default ?? '',
    ]);
    assert.deepEqual(parseConfig(Object.fromEntries(written)), parseConfig({}));
  });

  it('reads each form', () => {
    const config = parseConfig({
      DATABASE_URL: 'mongodb://127.0.0.1:27017/keypool?replicaSet=rs0',
      ADMIN_TOKEN: 'a'.repeat(32),
      ENCRYPTION_KEY: KEY,
      ENCRYPTION_KEYS_RETIRED: `${KEY}, ${KEY}`,
      REQUEST_TIMEOUT: '500ms',
      SHUTDOWN_TIMEOUT: '5m',
      TRUSTED_PROXIES: '10.0.0.0/8, ::1',
      CORS_ORIGINS: 'https://app.example,http://localhost:5173',
      TLS_CERT_FILE: 'cert.pem',
      TLS_KEY_FILE: 'key.pem',
      LOG_REQUESTS: 'false',
    });
    assert.equal(config.database.kind, 'mongodb');
    assert.equal(config.encryptionKey?.length, 32);
    assert.equal(config.encryptionKeysRetired.length, 2);
    assert.equal(config.requestTimeoutMs, 500);
    assert.equal(config.shutdownTimeoutMs, 300_000);
    assert.deepEqual(config.trustedProxies, ['10.0.0.0/8', '::1']);
    assert.deepEqual(config.corsOrigins, ['https://app.example', 'http://localhost:5173']);
    assert.deepEqual(config.tls, { certFile: 'cert.pem', keyFile: 'key.pem' });
    assert.equal(config.logRequests, false);
  });

  it('is refused with every mistake at once, by the names of the variables, and without any value', () => {
    const mistaken = {
      DATABASE_URL: 'postgres://user:hidden-1@localhost',
      ADMIN_TOKEN: 'hidden-2',
      ENCRYPTION_KEY: 'hidden-3',
      ENCRYPTION_KEYS_RETIRED: `${KEY},hidden-4`,
      HOST: 'http://localhost',
      PORT: '65536',
      TLS_CERT_FILE: 'cert.pem',
      TRUSTED_PROXIES: '10.0.0.1/8',
      CORS_ORIGINS: 'app.example',
      REQUEST_TIMEOUT: '30',
      MAX_REQUEST_BYTES: '-1',
      TOKEN_PREFIX: 'KP-',
      LOG_LEVEL: 'loud',
      LOG_REQUESTS: 'maybe',
    };
    const { TLS_CERT_FILE: _given, ...wrong } = mistaken;
    assert.deepEqual(mistakenIn(mistaken).toSorted(), [...Object.keys(wrong), 'TLS_KEY_FILE'].toSorted());
    assert.throws(
      () => parseConfig(mistaken),
      (error: Error) => !error.message.includes('hidden') && !error.message.includes(KEY),
    );
  });

  it('wants an admin token with MongoDB, and both TLS files or none', () => {
    assert.deepEqual(mistakenIn({ DATABASE_URL: 'mongodb://localhost/keypool' }), ['ADMIN_TOKEN']);
    assert.deepEqual(mistakenIn({ TLS_KEY_FILE: 'key.pem' }), ['TLS_CERT_FILE']);
  });

  it('takes no database whose path or password would be taken for something else, and shows none', () => {
    for (const url of [
      'sqlite://data/x.db',
      'sqlite:///data/x.db',
      'sqlite::memory:?x=1',
      'mongodb://u:p@hidden@host/db',
      'mongodb://u:p/hidden@host/db',
      'mongodb://u:p@hid?den@host/db',
      'mongodb+srv://u:p@',
    ]) {
      const env = { DATABASE_URL: url, ADMIN_TOKEN: 'a'.repeat(32) };
      assert.deepEqual(mistakenIn(env), ['DATABASE_URL'], url);
      assert.throws(
        () => parseConfig(env),
        (error: Error) => !error.message.includes(url) && !error.message.includes('hid'),
      );
    }
    for (const url of [
      'sqlite:/data/x.db',
      'sqlite:data/x.db',
      'sqlite::memory:',
      'mongodb://u:p%40ss@a:27017,b/db?replicaSet=rs0',
      'mongodb+srv://host',
      'mongodb://host?replicaSet=rs0',
    ])
      assert.deepEqual(mistakenIn({ DATABASE_URL: url, ADMIN_TOKEN: 'a'.repeat(32) }), [], url);
  });

  it('takes an admin token only where a client can send it as a bearer token', () => {
    for (const end of ['=', '-._~+/==', 'Z9'])
      assert.deepEqual(mistakenIn({ ADMIN_TOKEN: 'a'.repeat(32) + end }), []);
    for (const end of ['!', '=a', ' a', ':', 'é', 'a'.repeat(481)])
      assert.deepEqual(mistakenIn({ ADMIN_TOKEN: 'a'.repeat(32) + end }), ['ADMIN_TOKEN'], end);
  });

  it('takes 1 to 64 processes, or one per core, and only one with SQLite', () => {
    const onMongodb = { DATABASE_URL: 'mongodb://localhost/keypool', ADMIN_TOKEN: 'a'.repeat(32) };
    for (const text of ['1', '64', 'auto', ''])
      assert.deepEqual(mistakenIn({ ...onMongodb, PROCESSES: text }), [], text);
    for (const text of ['0', '65', '-1', '1.5', '1e1', 'all'])
      assert.deepEqual(mistakenIn({ ...onMongodb, PROCESSES: text }), ['PROCESSES'], text);
    assert.deepEqual(mistakenIn({ PROCESSES: '1' }), []);
    for (const text of ['2', 'auto']) assert.deepEqual(mistakenIn({ PROCESSES: text }), ['PROCESSES'], text);
  });

  it('takes durations only with their unit, within their bounds', () => {
    for (const text of ['1ms', '24h', '90s', '1m'])
      assert.deepEqual(mistakenIn({ REQUEST_TIMEOUT: text }), []);
    for (const text of ['0s', '25h', '1.5s', '-1s', 's', '1 s', '1d'])
      assert.deepEqual(mistakenIn({ REQUEST_TIMEOUT: text }), ['REQUEST_TIMEOUT'], text);
  });
});

it('the README has the table of variables as it stands here', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  assert.ok(readme.includes(configTable()), `the README should have:\n${configTable()}`);
});
