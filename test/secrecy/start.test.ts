import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { runServer, startServer } from '../support/child-process.ts';
import { freePort } from '../support/mongod-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { createSecrets } from './secrets.ts';

const DEADLINE_MS = 30_000;

describe('A start shows no secret', { concurrency: true, timeout: DEADLINE_MS }, () => {
  it('where it makes the admin token: only the file has it', async () => {
    await using folder = await temporaryFolder();
    await using server = await startServer({
      env: { DATABASE_URL: `sqlite:${folder.file('keypool.db')}`, LOG_LEVEL: 'trace' },
    });
    const token = (await readFile(folder.file('admin-token'), 'utf8')).trim();
    assert.ok(token.length >= 32);
    const secrets = createSecrets();
    secrets.note('admin token', token);
    await server.kill('SIGTERM');
    assert.deepEqual(secrets.foundIn(server.output()), []);
    for (const name of ['keypool.db', 'keypool.db-wal'])
      assert.deepEqual(secrets.foundIn(await readFile(folder.file(name)).catch(() => '')), []);
  });

  it('where its configuration is wrong', async () => {
    const secrets = createSecrets();
    const env = {
      ADMIN_TOKEN: secrets.make('admin token').slice(0, 31),
      ENCRYPTION_KEY: secrets.make('encryption key'),
      ENCRYPTION_KEYS_RETIRED: secrets.make('retired key'),
      DATABASE_URL: `postgres://keypool:${secrets.make('password')}@127.0.0.1/keypool`,
      TOKEN_PREFIX: secrets.make('token prefix'),
    };
    secrets.note('admin token', env.ADMIN_TOKEN);
    const { code, output } = await runServer({ env });
    assert.notEqual(code, 0);
    for (const name of Object.keys(env)) assert.match(output, new RegExp(name));
    assert.deepEqual(secrets.foundIn(output), []);
  });

  for (const { name, port } of [
    { name: 'is out of reach', port: freePort },
    { name: 'has a URL that cannot be read', port: () => 99_999_999 },
  ])
    it(`where the database ${name}`, async () => {
      const secrets = createSecrets();
      const host = `keypool:${secrets.make('password')}@127.0.0.1:${await port()}`;
      const { code, output } = await runServer({
        env: {
          DATABASE_URL: `mongodb://${host}/keypool?serverSelectionTimeoutMS=500`,
          ADMIN_TOKEN: secrets.make('admin token'),
          LOG_LEVEL: 'trace',
        },
      });
      assert.notEqual(code, 0);
      assert.match(output, /MongoDB/);
      assert.deepEqual(secrets.foundIn(output), []);
    });

  it('where what is stored was sealed with another key', async () => {
    await using folder = await temporaryFolder();
    const secrets = createSecrets();
    const env = {
      DATABASE_URL: `sqlite:${folder.file('keypool.db')}`,
      ADMIN_TOKEN: secrets.make('admin token'),
      LOG_LEVEL: 'trace',
    };
    const [first, second] = ['first key', 'second key'].map((name) => {
      const key = randomBytes(32).toString('hex');
      secrets.note(name, key);
      secrets.note(`${name} as bytes`, Buffer.from(key, 'hex'));
      return key;
    });
    assert.ok(first && second);
    const server = await startServer({ env: { ...env, ENCRYPTION_KEY: first } });
    await server.kill('SIGTERM');
    const { code, output } = await runServer({ env: { ...env, ENCRYPTION_KEY: second } });
    assert.notEqual(code, 0);
    assert.match(output, /ENCRYPTION_KEY/);
    assert.deepEqual(secrets.foundIn(`${server.output()}${output}`), []);
  });
});
