import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { v7 as uuid } from 'uuid';
import { drawMany, drawOf, drawOne, kinds, mustDraw } from '../../../test/support/drawing.ts';
import { limitOf } from '../../../test/support/meter-run.ts';
import { addKey, addKeys, addTier, editKey, eventOf, same } from '../../../test/support/store-rows.ts';
import { systemClock } from '../../../test/support/test-clock.ts';
import type { AdminEvent } from '../../model/audit.ts';
import { migrate } from './migrations.ts';
import { createSqliteStore } from './store.ts';

const HOUR_MS = 3_600_000;

function openStore() {
  const db = new DatabaseSync(':memory:');
  migrate(db, ':memory:');
  return {
    db,
    store: createSqliteStore(db, ':memory:', { clock: systemClock, newId: uuid, warn: () => {} }),
  };
}

describe('SQLite: a round', () => {
  it('answers a twin with the same draw, marked as one that may have left', async () => {
    const { store } = openStore();
    const tier = await addTier(store, { a: [] });
    await addKey(store, 'tier');
    const twin = drawOf([tier], 'a', { idempotency: { key: 'r', fingerprint: 'x' } });
    const [first, second] = await store.drawRound([twin, twin]);
    assert.ok(first?.kind === 'drawn' && first.replayed === false);
    assert.deepEqual(second, { ...first, replayed: true });
    await store.close();
  });

  it('puts a twin that asks for something else off where the first was not served', async () => {
    const { store } = openStore();
    const tier = await addTier(store, { a: [limitOf('sliding', 3, HOUR_MS)] });
    await addKey(store, 'tier');
    await drawMany(store, [tier], 'a', 2);
    const twin = (fingerprint: string, units: number) =>
      drawOf([tier], 'a', { units, idempotency: { key: 'r', fingerprint } });
    const results = await store.drawRound([twin('two', 2), twin('one', 1)]);
    assert.deepEqual(kinds(results), { exhausted: 1, again: 1 });
    assert.deepEqual(kinds(await store.drawRound([twin('one', 1), twin('two', 2)])), { drawn: 1, reused: 1 });
    await store.close();
  });

  it('refuses the limits of before from the first draw after an edit on, and goes on by them where it failed', async () => {
    const { store } = openStore();
    const old = await addTier(store, { a: [] });
    await addKey(store, 'tier');
    await mustDraw(store, [old], 'a');
    const edit = (event: AdminEvent) =>
      store.editTier('tier', (row) => ({ row: { ...row, revision: row.revision + 1 }, event }));
    await edit(eventOf('UpdateTier'));
    assert.deepEqual(await drawOne(store, [old], 'a'), { kind: 'stale', tierId: 'tier' });
    const edited = await store.getTier('tier');
    assert.ok(edited !== null);
    await mustDraw(store, [edited], 'a');
    const unwritable = {
      ...eventOf('UpdateTier'),
      get changes(): never {
        throw new Error('the event cannot be written');
      },
    };
    await assert.rejects(edit(unwritable), /cannot be written/);
    await mustDraw(store, [edited], 'a');
    await store.close();
  });

  it('waits for no key that expires before it can serve again, also one that it has just used', async () => {
    const { store } = openStore();
    const tier = await addTier(store, { a: [limitOf('sliding', 1, 2 * HOUR_MS)] });
    const key = await addKey(store, 'tier', { expireAt: store.now() + HOUR_MS });
    assert.deepEqual(kinds(await drawMany(store, [tier], 'a', 2)), { drawn: 1, empty: 1 });
    await editKey(store, key.id, () => ({ expireAt: store.now() + 3 * HOUR_MS }));
    assert.equal((await drawOne(store, [tier], 'a')).kind, 'exhausted');
    await editKey(store, key.id, () => ({ expireAt: store.now() + HOUR_MS }));
    await editKey(store, key.id, () => ({ expireAt: null, meters: {} }));
    await mustDraw(store, [tier], 'a');
    await store.close();
  });

  it('reads no key again because an admin was refused something', async () => {
    const { db, store } = openStore();
    const tier = await addTier(store, { a: [] });
    await addKeys(store, 'tier', same(20));
    await addKey(store, 'tier', { fingerprint: 'taken' });
    for (let i = 0; i < 42; i++) await mustDraw(store, [tier], 'a');
    await assert.rejects(addKey(store, 'tier', { fingerprint: 'taken' }));
    // What is remembered serves the draws although the rows themselves do not say it any more.
    db.exec(`UPDATE keys SET value = 'changed behind the back'`);
    for (let i = 0; i < 21; i++) assert.equal((await mustDraw(store, [tier], 'a')).value, 'upstream-value-1');
    await store.close();
  });
});
