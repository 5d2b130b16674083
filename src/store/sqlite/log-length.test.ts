import assert from 'node:assert/strict';
import { copyFile, stat, symlink } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { v7 as uuid } from 'uuid';
import { mustDraw } from '../../../test/support/drawing.ts';
import { addKey, addTier } from '../../../test/support/store-rows.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { systemClock } from '../../../test/support/test-clock.ts';
import type { StoreOptions } from '../port.ts';
import { LOG_BYTES } from './database-file.ts';
import { createLogLength } from './log-length.ts';
import { openSqliteStore } from './open.ts';

const options: StoreOptions = { clock: systemClock, newId: uuid, warn: () => {} };
/** More than it takes until the log is as long as it gets. */
const DRAWS = 600;

describe("SQLite: the log's length", () => {
  it('comes ahead of what is written, and what was committed is found behind a crash', async () => {
    await using folder = await temporaryFolder();
    const path = folder.file('keypool.db');
    const store = await openSqliteStore(path, options);
    const tier = await addTier(store, { a: [] });
    await addKey(store, 'tier');
    const drawIds: string[] = [];
    for (let i = 0; i < DRAWS; i += 1) drawIds.push((await mustDraw(store, [tier], 'a')).drawId);
    const { size } = await stat(`${path}-wal`);
    assert.ok(size >= LOG_BYTES && size < LOG_BYTES * 1.1, `${size} bytes`);
    for (let i = 0; i < 10; i += 1) drawIds.push((await mustDraw(store, [tier], 'a')).drawId);
    assert.equal((await stat(`${path}-wal`)).size, size);
    // As a process that is killed here leaves them.
    const left = folder.file('left.db');
    await copyFile(path, left);
    await copyFile(`${path}-wal`, `${left}-wal`);
    await store.close();
    const again = await openSqliteStore(left, options);
    await mustDraw(again, [tier], 'a');
    const { items } = await again.listUsageEvents({}, { after: null, limit: 1000 });
    const listed = new Set(items.map((event) => event.id));
    assert.deepEqual(
      drawIds.filter((drawId) => !listed.has(drawId)),
      [],
    );
    assert.equal(items.length, drawIds.length + 1);
    await again.close();
  });

  it('does without where nothing can be added', async () => {
    await using folder = await temporaryFolder();
    const path = folder.file('keypool.db');
    const gone = createLogLength(path);
    assert.doesNotThrow(gone.committed);
    await assert.rejects(stat(`${path}-wal`), { code: 'ENOENT' });
    await symlink('/dev/full', `${path}-wal`);
    const full = createLogLength(path);
    assert.doesNotThrow(full.committed);
    assert.doesNotThrow(full.committed);
  });
});
