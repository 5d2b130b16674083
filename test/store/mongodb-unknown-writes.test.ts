import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { DrawResult, Store } from '../../src/store/port.ts';
import { drawMany, drawn, drawOf, drawOne, kinds, mustDraw } from '../support/drawing.ts';
import { eventually } from '../support/eventually.ts';
import { budgetOf } from '../support/key-state.ts';
import { usageEvents } from '../support/listing.ts';
import { limitOf } from '../support/meter-run.ts';
import { type Fault, type FaultyDatabase, faultyDatabase } from '../support/mongodb-faults.ts';
import { addKey, addTier } from '../support/store-rows.ts';

const UNCONFIRMED = { code: 91, errmsg: 'shutting down' };
const AUDIT: Fault = { failCommands: ['insert'], collection: 'usage_events', appName: 'victim' };
const TAKE: Fault = { failCommands: ['findAndModify'], collection: 'keys', appName: 'victim' };
const id = (key: string) => ({ idempotency: { key, fingerprint: 'fields' } });

/** A key with a budget of 20, in a store whose commands can be made to fail. */
async function scene(
  t: TestContext,
  { openTakeMs = 10_000, expiresInMs = null }: { openTakeMs?: number; expiresInMs?: number | null } = {},
) {
  const database = await faultyDatabase();
  t.after(database.close);
  const store = await database.open('victim', { openTakeMs });
  const tier = await addTier(store, { a: [] });
  const expireAt = expiresInMs === null ? null : store.now() + expiresInMs;
  const key = await addKey(store, 'tier', { budgets: [budgetOf(20)], expireAt });
  return { database, store, tiers: [tier], keyId: key.id };
}

async function used(store: Store, keyId: string): Promise<number | undefined> {
  return (await store.getKey(keyId))?.budgets[0]?.used;
}

/** Waits until no take of the key is open. */
function settled(store: Store, keyId: string): Promise<unknown> {
  return eventually('no take is open', async () =>
    (await store.getKey(keyId))?.open.length === 0 ? true : null,
  );
}

/** The audit rows stored, by kind: a take has one. */
function rows({ client, databaseName }: FaultyDatabase, kind: string) {
  return client
    .db(databaseName)
    .collection<{ _id: string; kind: string; draws?: { serial: number }[] }>('usage_events')
    .find({ kind })
    .toArray();
}

/** Ids of the draws on record. */
async function recorded(database: FaultyDatabase): Promise<string[]> {
  const takes = await rows(database, 'draws');
  return takes.flatMap(({ _id, draws = [] }) => draws.map(({ serial }) => `${_id}.${serial}`)).sort();
}

const ids = (results: readonly DrawResult[]) =>
  drawn(results)
    .map(({ drawId }) => drawId)
    .sort();

describe('an audit write', () => {
  it('that times out and lands later finds void rows: its draws never were, and others serve', async (t) => {
    const { database, store, tiers, keyId } = await scene(t);
    await database.inject({ ...AUDIT, blockConnection: true, blockTimeMS: 1200 }, 1);
    const results = await drawMany(store, tiers, 'a', 5);
    assert.deepEqual(kinds(results), { drawn: 5 });
    assert.equal((await rows(database, 'void')).length, 1);
    await settled(store, keyId);
    assert.equal(await used(store, keyId), 5);
    // The late write has gone through when the next fault can be seen to be over.
    await eventually('the blocked write is over', async () =>
      (await blocked(database)) === 0 ? true : null,
    );
    assert.deepEqual(await recorded(database), ids(results));
    assert.equal(await used(store, keyId), 5);
  });

  it('that was carried out but not confirmed is found to be real: its draws are served', async (t) => {
    const { database, store, tiers, keyId } = await scene(t);
    await database.inject({ ...AUDIT, writeConcernError: UNCONFIRMED }, 1);
    const results = await drawMany(store, tiers, 'a', 5);
    assert.deepEqual(await recorded(database), ids(results));
    assert.equal((await rows(database, 'void')).length, 0);
    await settled(store, keyId);
    assert.equal(await used(store, keyId), 5);
  });

  it('that cannot be settled gives no value; its units come back when the store answers again', async (t) => {
    const { database, store, tiers, keyId } = await scene(t);
    await database.inject({ ...AUDIT, closeConnection: true });
    assert.deepEqual(kinds(await drawMany(store, tiers, 'a', 3)), { unavailable: 3 });
    assert.equal(await used(store, keyId), 3);
    await database.heal();
    await settled(store, keyId);
    assert.equal(await used(store, keyId), 0);
    assert.deepEqual(await usageEvents(store), []);
    assert.equal(drawn(await drawMany(store, tiers, 'a', 25)).length, 20);
  });
});

/** Commands of the victim that the server still works on. */
async function blocked({ client, databaseName }: FaultyDatabase): Promise<number> {
  const { inprog } = await client.db('admin').command({
    currentOp: 1,
    ns: `${databaseName}.usage_events`,
    appName: 'victim',
    op: { $ne: 'none' },
  });
  return inprog.length;
}

describe('a take', () => {
  it('whose reply is lost is known by the row it left: its draws are served', async (t) => {
    const { database, store, tiers, keyId } = await scene(t);
    await database.inject({ ...TAKE, writeConcernError: UNCONFIRMED }, 1);
    assert.deepEqual(kinds(await drawMany(store, tiers, 'a', 4)), { drawn: 4 });
    await settled(store, keyId);
    assert.equal(await used(store, keyId), 4);
  });

  it('that never arrived serves nothing and counts nothing', async (t) => {
    const { database, store, tiers, keyId } = await scene(t);
    await database.inject({ ...TAKE, closeConnection: true }, 1);
    await assert.rejects(store.drawRound([drawOf(tiers, 'a')]), { name: 'StoreError', kind: 'unavailable' });
    assert.equal(await used(store, keyId), 0);
    await mustDraw(store, tiers, 'a');
  });

  it('that is late finds its moment over: it takes nothing', async (t) => {
    const { database, store, tiers, keyId } = await scene(t);
    // On a machine so busy that the server seems far the first one may be a pipeline, which tells the time itself.
    await eventually('a late take takes nothing', async () => {
      const before = await used(store, keyId);
      await database.inject({ ...TAKE, blockConnection: true, blockTimeMS: 700 }, 1);
      await assert.rejects(store.drawRound([drawOf(tiers, 'a')]), {
        name: 'StoreError',
        kind: 'unavailable',
      });
      await setTimeout(1000);
      return (await used(store, keyId)) === before ? true : null;
    });
    await mustDraw(store, tiers, 'a');
  });

  it('that lands after its process gave it up is recovered when its end has passed', async (t) => {
    // Of a key that expires soon the server works it out, whenever it comes.
    const { database, store, tiers, keyId } = await scene(t, { openTakeMs: 100, expiresInMs: 300_000 });
    await database.inject({ ...TAKE, blockConnection: true, blockTimeMS: 700 }, 1);
    await assert.rejects(store.drawRound([drawOf(tiers, 'a')]), { name: 'StoreError', kind: 'unavailable' });
    await eventually('it lands', async () => ((await used(store, keyId)) === 1 ? true : null));
    await eventually('it is recovered', async () => ((await store.recoverOpenTakes(10)) === 1 ? true : null));
    assert.equal(await used(store, keyId), 0);
    assert.deepEqual((await store.getKey(keyId))?.open, []);
  });
});

describe('a request id', () => {
  it('whose process died before the audit row is drawn anew by another', async (t) => {
    const { database, store, tiers, keyId } = await scene(t);
    const other = await database.open('other');
    await database.inject({ ...AUDIT, closeConnection: true });
    assert.equal((await drawOne(store, tiers, 'a', id('r1'))).kind, 'unavailable');
    await store.close();
    const served = await mustDraw(other, tiers, 'a', id('r1'));
    assert.deepEqual(await recorded(database), [served.drawId]);
    assert.equal((await rows(database, 'void')).length, 1);
    assert.equal((await mustDraw(other, tiers, 'a', id('r1'))).drawId, served.drawId);
    assert.equal(await used(other, keyId), 2, 'the other take is still open');
  });

  it('that was claimed by a process that died is drawn by another', async (t) => {
    const { database, store, tiers } = await scene(t);
    const other = await database.open('other');
    const requests: Fault = { failCommands: ['update', 'delete'], collection: 'requests', appName: 'victim' };
    await database.inject({ ...requests, closeConnection: true });
    assert.equal((await drawOne(store, tiers, 'a', id('r1'))).kind, 'unavailable');
    await mustDraw(other, tiers, 'a', id('r1'));
    assert.equal((await usageEvents(other)).length, 1);
  });
});

describe('a value', () => {
  it('may leave for half the smallest guard that binds on it, from before its take', async (t) => {
    const { store } = await scene(t);
    const tier = await addTier(
      store,
      { b: [limitOf('sliding', 5, 60_000), limitOf('fixed', 5, 4000)] },
      'other',
    );
    await addKey(store, 'other', { budgets: [budgetOf(9), budgetOf(9, 2000)] });
    const before = performance.now();
    const { leaveBy } = await mustDraw(store, [tier], 'b');
    assert.ok(leaveBy >= before + 50 && leaveBy <= performance.now() + 50);
  });
});
