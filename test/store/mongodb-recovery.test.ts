import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { RECOVERY_GRACE_MS } from '../../src/model/key.ts';
import type { Store } from '../../src/store/port.ts';
import { drawMany, drawn, kinds, mustDraw } from '../support/drawing.ts';
import { eventually } from '../support/eventually.ts';
import { budgetOf } from '../support/key-state.ts';
import { usageEvents } from '../support/listing.ts';
import { type Fault, faultyDatabase } from '../support/mongodb-faults.ts';
import { addKey, addTier, editKey } from '../support/store-rows.ts';

const OPEN_TAKE_MS = 400;
const WAIT_MAX_MS = 10_000;
const AUDIT: Fault = {
  failCommands: ['insert'],
  collection: 'usage_events',
  appName: 'victim',
  closeConnection: true,
};

/** A store that died between a take of three draws and their audit rows, and another on the same data. */
async function crash() {
  const database = await faultyDatabase();
  const victim = await database.open('victim', { openTakeMs: OPEN_TAKE_MS });
  const other = await database.open('other', { openTakeMs: OPEN_TAKE_MS });
  const tier = await addTier(victim, { a: [], b: [] });
  const key = await addKey(victim, 'tier', { budgets: [budgetOf(5)] });
  await mustDraw(victim, [tier], 'a');
  await database.inject(AUDIT);
  assert.deepEqual(kinds(await drawMany(victim, [tier], 'a', 3)), { unavailable: 3 });
  await victim.close();
  await database.heal();
  const overdue = async () => {
    const end = Math.max(...((await other.getKey(key.id))?.open ?? []).map((take) => take.end));
    const ready = () => (other.now() > end + RECOVERY_GRACE_MS + 5 ? true : null);
    await eventually('the open take is overdue', ready, WAIT_MAX_MS);
  };
  return { database, other, tiers: [tier], keyId: key.id, overdue };
}

type Crash = Awaited<ReturnType<typeof crash>>;

async function used(store: Store, keyId: string): Promise<number | undefined> {
  return (await store.getKey(keyId))?.budgets[0]?.used;
}

describe('a process that died between a take and its audit', () => {
  /** Made before the tests, so that all of their takes come to be overdue in the same time. */
  const made: Crash[] = [];
  const next: Crash[] = [];
  before(async () => {
    for (let i = 0; i < 5; i += 1) made.push(await crash());
    next.push(...made);
  });
  after(() => Promise.all(made.map(({ database }) => database.close())));
  /** The one that was made last comes first: it is the last to be overdue. */
  const crashed = () => next.pop() ?? assert.fail('one for each test');

  it('leaves its take to others, which give the units back once', async () => {
    const { other, tiers, keyId, overdue } = crashed();
    assert.equal(await other.recoverOpenTakes(10), 0, 'it may still send its rows');
    await overdue();
    assert.ok((await other.recoverOpenTakes(10)) >= 1);
    assert.equal(await used(other, keyId), 1);
    assert.equal(await other.recoverOpenTakes(10), 0);
    assert.equal(await used(other, keyId), 1);
    assert.equal(drawn(await drawMany(other, tiers, 'b', 9)).length, 4);
    assert.equal((await usageEvents(other)).length, 5);
  });

  it('is settled the same by several at once, and after one stopped half way', async () => {
    const { database, other, keyId, overdue } = crashed();
    const third = await database.open('third');
    await overdue();
    const update: Fault = {
      failCommands: ['update'],
      collection: 'keys',
      appName: 'other',
      closeConnection: true,
    };
    await database.inject(update, 1);
    await assert.rejects(other.recoverOpenTakes(10), { kind: 'unavailable' });
    assert.equal(await used(other, keyId), 4);
    await Promise.all([other.recoverOpenTakes(10), third.recoverOpenTakes(10), other.recoverOpenTakes(10)]);
    assert.equal(await used(other, keyId), 1);
    assert.deepEqual((await other.getKey(keyId))?.open, []);
  });

  it('gives nothing back to a budget that was reset meanwhile', async () => {
    const { other, tiers, keyId, overdue } = crashed();
    await editKey(other, keyId, ({ budgets, epoch }) => ({
      budgets: budgets.map((budget) => ({ ...budget, used: 0, epoch: epoch + 1 })),
      epoch: epoch + 1,
    }));
    await mustDraw(other, tiers, 'a');
    await mustDraw(other, tiers, 'a');
    await overdue();
    while ((await other.recoverOpenTakes(10)) > 0);
    assert.equal(await used(other, keyId), 2);
  });

  it('gives nothing back to a window that has rolled meanwhile', async () => {
    const { other, keyId, tiers, overdue } = crashed();
    await editKey(other, keyId, ({ budgets, open, epoch }) => ({
      budgets: budgets.map((budget) => ({ ...budget, windowMs: 100, startAt: 1000 })),
      open: open.map((take) => ({ ...take, epochs: [epoch] })),
    }));
    await mustDraw(other, tiers, 'a');
    const rolled = (await other.getKey(keyId))?.budgets[0];
    await overdue();
    while ((await other.recoverOpenTakes(10)) > 0);
    assert.deepEqual((await other.getKey(keyId))?.budgets[0], rolled);
    assert.equal(rolled?.used, 1);
  });

  it('leaves nothing behind for a key that was deleted', async () => {
    const { database, other, keyId, overdue } = crashed();
    await overdue();
    const { client, databaseName } = database;
    await client.db(databaseName).collection<{ _id: string }>('keys').deleteOne({ _id: keyId });
    assert.equal(await other.recoverOpenTakes(10), 0);
  });
});
