import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { startServer } from '../support/child-process.ts';
import { startStandaloneMongod } from '../support/mongod.ts';
import { freePort } from '../support/shell.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { refusedStart } from './refused-start.ts';

/** Starts on a database and stops again. */
async function startOnce(env: Readonly<Record<string, string>>): Promise<void> {
  await using server = await startServer({ env });
  await server.kill('SIGTERM');
}

describe('a start is refused', () => {
  it('with a wrong ENCRYPTION_KEY, or none, on a database that another one sealed', async () => {
    await using folder = await temporaryFolder();
    const env = { DATABASE_URL: `sqlite:${folder.file('keypool.db')}` };
    const sealingKey = randomBytes(32).toString('hex');
    await startOnce({ ...env, ENCRYPTION_KEY: sealingKey });
    const other = randomBytes(32).toString('hex');
    for (const wrong of [env, { ...env, ENCRYPTION_KEY: other }]) {
      const message = await refusedStart({ env: wrong });
      assert.match(message, /sealed with key [0-9a-f]{8}.*ENCRYPTION_KEY.*ENCRYPTION_KEYS_RETIRED/);
      assert.ok(!message.includes(other));
    }
    await startOnce({ ...env, ENCRYPTION_KEY: other, ENCRYPTION_KEYS_RETIRED: sealingKey });
  });

  it('on a database with a newer schema', async () => {
    await using folder = await temporaryFolder();
    const path = folder.file('keypool.db');
    const env = { DATABASE_URL: `sqlite:${path}` };
    await startOnce(env);
    const database = new DatabaseSync(path);
    database.exec('INSERT INTO schema_version VALUES (999)');
    database.close();
    assert.match(await refusedStart({ env }), /schema version 999/);
  });

  it('on a file that is in use by another process, which goes on', async () => {
    await using folder = await temporaryFolder();
    const env = { DATABASE_URL: `sqlite:${folder.file('keypool.db')}` };
    await using server = await startServer({ env });
    assert.match(await refusedStart({ env }), /in use by another Keypool/);
    assert.equal((await fetch(`${server.url}/health`)).status, 200);
  });

  it('on a file that is no database', async () => {
    await using folder = await temporaryFolder();
    const path = folder.file('keypool.db');
    await writeFile(path, 'this is a letter to my aunt, and a long one at that. '.repeat(100));
    assert.match(
      await refusedStart({ env: { DATABASE_URL: `sqlite:${path}` } }),
      /not a sound SQLite database/,
    );
  });

  it('in a data folder that cannot be written', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.file('data'), 'a file where a folder should be');
    const env = { DATABASE_URL: `sqlite:${folder.file('data/keypool.db')}` };
    assert.match(await refusedStart({ env }), /cannot be (?:made|written)/);
  });

  it('with an admin token file that holds none', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.file('admin-token'), 'short\n');
    const env = { DATABASE_URL: `sqlite:${folder.file('keypool.db')}` };
    assert.match(await refusedStart({ env }), /admin-token holds no admin token/);
  });

  it('with no network to its database', async () => {
    const adminToken = randomBytes(20).toString('hex');
    const port = await freePort();
    const env = {
      DATABASE_URL: `mongodb://127.0.0.1:${port}/keypool?replicaSet=rs0`,
      ADMIN_TOKEN: adminToken,
    };
    assert.match(await refusedStart({ env }), /No usable MongoDB answers at 127\.0\.0\.1/);
  });

  it('on a standalone mongod, with the command that turns it into a replica set', async (t) => {
    const mongod = await startStandaloneMongod();
    t.after(() => mongod.stop());
    const adminToken = randomBytes(20).toString('hex');
    const env = { DATABASE_URL: mongod.databaseUri('keypool'), ADMIN_TOKEN: adminToken };
    assert.match(await refusedStart({ env }), /replica set/i);
  });
});
