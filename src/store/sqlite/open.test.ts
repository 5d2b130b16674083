import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { v7 as uuid } from 'uuid';
import { mustDraw } from '../../../test/support/drawing.ts';
import { addKey, addTier } from '../../../test/support/store-rows.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { systemClock } from '../../../test/support/test-clock.ts';
import { StoreOpenError } from '../errors.ts';
import type { StoreOptions } from '../port.ts';
import { openSqliteStore } from './open.ts';

const options: StoreOptions = { clock: systemClock, newId: uuid, warn: () => {} };

/** Opens the file from another process; gives what that says. */
async function openElsewhere(path: string): Promise<string> {
  const script = `
    import { openSqliteStore } from ${JSON.stringify(join(import.meta.dirname, 'open.ts'))};
    const clock = { nowMs: () => 0, monotonicMs: () => 0 };
    try {
      const options = { clock, newId: () => 'id', warn: () => {} };
      await (await openSqliteStore(${JSON.stringify(path)}, options)).close();
      console.log('opened');
    } catch (error) {
      console.log(error.name + ': ' + error.message);
    }`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  return stdout.trim();
}

function refusal(sentence: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof StoreOpenError && sentence.test(error.message);
}

describe('SQLite: opening a store', () => {
  it('makes the folder and the files for this user alone', async () => {
    await using folder = await temporaryFolder();
    const path = folder.file('deep/data/keypool.db');
    const store = await openSqliteStore(path, options);
    await addTier(store, { a: [] });
    assert.equal((await stat(dirname(path))).mode & 0o777, 0o700);
    for (const file of [path, `${path}-wal`]) assert.equal((await stat(file)).mode & 0o777, 0o600);
    await store.close();
  });

  it('finds again what was there, and leaves one file when it is closed', async () => {
    await using folder = await temporaryFolder();
    const path = folder.file('keypool.db');
    const first = await openSqliteStore(path, options);
    const tier = await addTier(first, { a: [] });
    const key = await addKey(first, 'tier');
    await mustDraw(first, [tier], 'a');
    await first.close();
    await assert.rejects(stat(`${path}-wal`), { code: 'ENOENT' });
    const second = await openSqliteStore(path, options);
    const drawn = await mustDraw(second, [tier], 'a');
    assert.equal(drawn.keyId, key.id);
    assert.equal((await second.listUsageEvents({}, { after: null, limit: 10 })).items.length, 2);
    await second.close();
  });

  it('refuses a file that is open here or in another process, until that is closed', async () => {
    await using folder = await temporaryFolder();
    const path = folder.file('keypool.db');
    const store = await openSqliteStore(path, options);
    await assert.rejects(openSqliteStore(path, options), refusal(/in use by another Keypool.*Stop/));
    assert.match(await openElsewhere(path), /^StoreOpenError: .*in use by another Keypool/);
    await addTier(store, { a: [] });
    await store.close();
    assert.equal(await openElsewhere(path), 'opened');
  });

  it('refuses a newer schema, and touches nothing', async () => {
    await using folder = await temporaryFolder();
    const path = folder.file('keypool.db');
    await (await openSqliteStore(path, options)).close();
    const db = new DatabaseSync(path);
    db.exec('INSERT INTO schema_version VALUES (999)');
    db.close();
    await assert.rejects(openSqliteStore(path, options), refusal(/schema version 999.*newer/));
  });

  it('refuses what is no database, no file or not to be made, with what to do', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.file('text'), 'not a database, but longer than a header is '.repeat(50));
    await mkdir(folder.file('folder'));
    await assert.rejects(
      openSqliteStore(folder.file('text'), options),
      refusal(/not a sound SQLite database/),
    );
    await assert.rejects(
      openSqliteStore(folder.file('folder'), options),
      refusal(/cannot be written \(it is not a file\)/),
    );
    await assert.rejects(openSqliteStore(folder.file('text/deep/db'), options), refusal(/cannot be made/));
  });

  it('in memory gives each its own', async () => {
    const [one, two] = await Promise.all([
      openSqliteStore(':memory:', options),
      openSqliteStore(':memory:', options),
    ]);
    await addTier(one, { a: [] });
    assert.equal(await two.getTier('tier'), null);
    await Promise.all([one.close(), two.close()]);
  });

  it('answers `unavailable` once it is closed, however often', async () => {
    const store = await openSqliteStore(':memory:', options);
    await store.close();
    await store.close();
    await assert.rejects(store.getTier('tier'), { name: 'StoreError', kind: 'unavailable' });
    await assert.rejects(addTier(store, {}), { name: 'StoreError', kind: 'unavailable' });
    assert.equal((await store.status()).reachable, false);
  });
});
