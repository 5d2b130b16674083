import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import {
  type AnyBulkWriteOperation,
  type BulkWriteOptions,
  type Db,
  type Document,
  type Filter,
  type FindOneAndUpdateOptions,
  type FindOptions,
  ObjectId,
} from 'mongodb';
import { v7 as uuid } from 'uuid';
import { connect } from '../../src/store/mongodb/connection.ts';
import { openOn } from '../../src/store/mongodb/open.ts';
import type { Store } from '../../src/store/port.ts';
import { drawMany, drawOne, kinds, mustDraw } from '../support/drawing.ts';
import { eventually } from '../support/eventually.ts';
import { budgetOf } from '../support/key-state.ts';
import { useStoreAndDatabase } from '../support/mongodb-database.ts';
import { addKeys, addTier, same } from '../support/store-rows.ts';
import { systemClock } from '../support/test-clock.ts';

const KEYS = 40;
const BUDGET = 20;

/** What commands on a collection waited for, as the server's profile tells of them. */
async function concerns(db: Db, command: string, collection: string): Promise<unknown[]> {
  const seen = await db
    .collection('system.profile')
    .find({ [`command.${command}`]: collection })
    .toArray();
  return seen.map(({ writeConcern: { w, j } }) => [w, j]);
}

/** What a test makes of the answers of a real replica set. */
interface Changed {
  /** Elections to be told of, one at each question, before the real one. */
  readonly told: string[];
  /** Elections for audits to be of, one after another, in place of the real one. */
  readonly audited: string[];
  /** How many looks for takes find none. */
  lost: number;
  /** Takes are followed by others of the same key at once. */
  hidden: boolean;
  /** How much later than now it is, in ms, and by how much each take delays it. */
  laterMs: number;
  takeMs: number;
  /** Updates that were sent together. */
  readonly bulks: { readonly takes: number; readonly waitsFor: unknown }[];
}

const ANOTHER = '7fffffff0000000000000099';

/** A database whose primaries lose takes, as far as a majority is asked, and write in other elections. */
function changedDatabase(db: Db, changed: Changed): Db {
  const keys = db.collection('keys');
  const find = (filter: Filter<Document>, options?: FindOptions) => {
    if (options?.readConcern === undefined || changed.lost === 0) return keys.find(filter, options);
    changed.lost -= 1;
    return keys.find({ $and: [filter, { _id: { $exists: false } }] }, options);
  };
  const findOneAndUpdate = async (
    filter: Filter<Document>,
    update: Document[],
    options: FindOneAndUpdateOptions,
  ) => {
    changed.laterMs += changed.takeMs;
    const row = await keys.findOneAndUpdate(filter, update, options);
    if (changed.hidden) await keys.updateOne({ _id: row?._id }, { $set: { 'took.take': 'of a later one' } });
    return row;
  };
  const bulkWrite = (updates: AnyBulkWriteOperation<Document>[], options?: BulkWriteOptions) => {
    changed.bulks.push({ takes: updates.length, waitsFor: options?.writeConcern?.w });
    return keys.bulkWrite(updates, options);
  };
  const forgetful = override(keys, { find, findOneAndUpdate, bulkWrite });
  return override(db, {
    collection: (name: string) => (name === 'keys' ? forgetful : db.collection(name)),
    command: async (command: Document) => {
      const reply = await db.command(command);
      const election = command.insert === undefined ? undefined : changed.audited.shift();
      return election === undefined ? reply : { ...reply, electionId: new ObjectId(election) };
    },
  });
}

function override<T extends object>(whole: T, parts: object): T {
  return new Proxy(whole, {
    get: (target, name) => {
      const value = Reflect.get(name in parts ? parts : target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Keys with budgets of 20, which one draw has been taken from: what follows need not wait for a majority. */
async function scene(t: TestContext) {
  const { uri, db, store: other } = await useStoreAndDatabase(t);
  const tiers = [await addTier(other, { a: [] })];
  const keys = await addKeys(other, 'tier', same(KEYS, { budgets: [budgetOf(BUDGET)] }));
  const changed: Changed = {
    told: [],
    audited: [],
    lost: 0,
    hidden: false,
    laterMs: 0,
    takeMs: 0,
    bulks: [],
  };
  const monotonicMs = () => systemClock.monotonicMs() + changed.laterMs;
  const connection = await connect(uri);
  const election = () => changed.told.shift() ?? connection.primary.election();
  const store = await openOn(
    {
      ...connection,
      primary: { ...connection.primary, election },
      db: changedDatabase(connection.db, changed),
    },
    { clock: { ...systemClock, monotonicMs }, newId: uuid, warn: () => {} },
  );
  t.after(store.close);
  await db.command({ profile: 2 });
  const first = await mustDraw(store, tiers, 'a');
  const keyIds = keys.map(({ id }) => id);
  return { db, store, tiers, changed, first, keyIds, electionNow: connection.primary.election };
}

/** The rows of the audit: how many serve, are void, or were withheld. */
async function audit(db: Db) {
  const rows = await db.collection('usage_events').find().toArray();
  const withheld = rows.filter((row) => row.withheld !== undefined).length;
  const voids = rows.filter(({ kind }) => kind === 'void').length;
  return { served: rows.length - withheld - voids, withheld, voids };
}

/** Units that the keys have counted, once no take is open. */
function counted(store: Store, keyIds: readonly string[]): Promise<number> {
  return eventually('no take is open', async () => {
    const keys = await Promise.all(keyIds.map((id) => store.getKey(id)));
    if (keys.some((key) => key?.open.length !== 0)) return null;
    return keys.reduce((sum, key) => sum + (key?.budgets[0]?.used ?? 0), 0);
  });
}

/** Looks for takes, as a majority has them. */
async function looks(db: Db): Promise<number> {
  const asked = { 'command.find': 'keys', 'command.readConcern.level': 'linearizable' };
  return db.collection('system.profile').countDocuments(asked);
}

describe('MongoDB: takes that their audit confirms', { concurrency: true }, () => {
  it('wait for no majority once one has confirmed an audit, and the audit does', async (t) => {
    const { db, store, tiers } = await scene(t);
    // A round that serves nobody has no audit.
    assert.equal((await drawOne(store, tiers, 'b')).kind, 'empty');
    await mustDraw(store, tiers, 'a');
    // A retry elsewhere may find this one as soon as its request is on record.
    await mustDraw(store, tiers, 'a', { idempotency: { key: 'r', fingerprint: 'fields' } });
    assert.deepEqual(await concerns(db, 'findAndModify', 'keys'), [
      ['majority', true],
      [1, undefined],
      ['majority', true],
    ]);
    assert.deepEqual(await concerns(db, 'insert', 'usage_events'), [
      ['majority', true],
      ['majority', true],
      ['majority', true],
    ]);
    assert.equal(await looks(db), 0);
  });

  it('do so also where many go together', async (t) => {
    const { store, tiers, changed } = await scene(t);
    assert.deepEqual(kinds(await drawMany(store, tiers, 'a', 100)), { drawn: 100 });
    const together = changed.bulks.find(({ takes }) => takes > 4);
    assert.equal(together?.waitsFor, 1);
  });

  it('are looked for where another primary wrote their audit, and served when a majority has them', async (t) => {
    const { db, store, tiers, changed, keyIds } = await scene(t);
    changed.audited.push(ANOTHER);
    await mustDraw(store, tiers, 'a');
    assert.equal(await looks(db), 1);
    assert.equal(await counted(store, keyIds), 2);
    assert.deepEqual(await audit(db), { served: 2, withheld: 0, voids: 0 });
    // What wrote that audit is not the primary that is known: the next take waits for itself.
    await mustDraw(store, tiers, 'a');
    assert.deepEqual((await concerns(db, 'findAndModify', 'keys')).at(-1), ['majority', true]);
  });

  it('are told of by their key also when others have followed, while they are open', async (t) => {
    const { db, store, tiers, changed, keyIds } = await scene(t);
    changed.audited.push(ANOTHER);
    changed.hidden = true;
    await mustDraw(store, tiers, 'a');
    assert.equal(await looks(db), 1);
    assert.equal(await counted(store, keyIds), 2);
    assert.deepEqual(await audit(db), { served: 2, withheld: 0, voids: 0 });
  });

  it('do not serve where they are lost: the audit shows them as withheld, and others serve', async (t) => {
    const { db, store, tiers, changed, first, keyIds } = await scene(t);
    changed.audited.push(ANOTHER);
    changed.lost = 1;
    const second = await mustDraw(store, tiers, 'a');
    assert.deepEqual(await audit(db), { served: 2, withheld: 1, voids: 0 });
    assert.equal(await counted(store, keyIds), 3);
    const events = await store.listUsageEvents({}, { after: null, limit: 10 });
    const served = events.items.filter((event) => event.kind === 'draw' && !event.withheld);
    assert.deepEqual(served.map(({ id }) => id).sort(), [first.drawId, second.drawId].sort());
  });

  it('do not serve where many that went together are lost', async (t) => {
    const { db, store, tiers, changed, keyIds } = await scene(t);
    changed.audited.push(ANOTHER);
    changed.lost = 1;
    assert.deepEqual(kinds(await drawMany(store, tiers, 'a', 100)), { drawn: 100 });
    const { withheld } = await audit(db);
    assert.ok(withheld > 4, `${withheld} takes`);
    // As far as the key goes they were taken.
    assert.equal(await counted(store, keyIds), 201);
  });

  it('are put on record only once a majority has them, where a primary was elected meanwhile', async (t) => {
    const { db, store, tiers, changed, electionNow, keyIds } = await scene(t);
    changed.told.push(electionNow() ?? '', ANOTHER, ANOTHER);
    changed.lost = 1;
    await mustDraw(store, tiers, 'a');
    // What was lost was never on record, and its unit is back.
    assert.equal(await counted(store, keyIds), 2);
    assert.deepEqual(await audit(db), { served: 2, withheld: 0, voids: 1 });
  });

  it('serve where another primary has them, which was elected meanwhile', async (t) => {
    const { db, store, tiers, changed, electionNow, keyIds } = await scene(t);
    changed.told.push(electionNow() ?? '', ANOTHER, ANOTHER);
    await mustDraw(store, tiers, 'a');
    assert.equal(await looks(db), 1);
    assert.equal(await counted(store, keyIds), 2);
    assert.deepEqual(await audit(db), { served: 2, withheld: 0, voids: 0 });
  });

  it('are looked for when their audit is late, and serve all the same where it confirms them', async (t) => {
    const { db, store, tiers, changed } = await scene(t);
    changed.takeMs = 2500;
    changed.lost = 1;
    await mustDraw(store, tiers, 'a');
    assert.equal(await looks(db), 1);
    assert.deepEqual(await audit(db), { served: 2, withheld: 0, voids: 0 });
  });
});
