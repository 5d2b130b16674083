import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Db, Document, Filter, FindOptions } from 'mongodb';
import { v7 as uuid } from 'uuid';
import { connect } from '../../src/store/mongodb/connection.ts';
import { openOn } from '../../src/store/mongodb/open.ts';
import type { Store } from '../../src/store/port.ts';
import { mustDraw } from '../support/drawing.ts';
import { eventually } from '../support/eventually.ts';
import { budgetOf } from '../support/key-state.ts';
import { useStoreAndDatabase } from '../support/mongodb-database.ts';
import { addKey, addKeys, addTier, same } from '../support/store-rows.ts';
import { systemClock } from '../support/test-clock.ts';

const KEYS = 3;
const BUDGET = 20;

/** What commands on a collection waited for, as the server's profile tells of them. */
async function concerns(db: Db, command: string, collection: string): Promise<unknown[]> {
  const seen = await db
    .collection('system.profile')
    .find({ [`command.${command}`]: collection })
    .toArray();
  return seen.map(({ writeConcern: { w, j } }) => [w, j]);
}

/** The keys of a database whose primaries lost so many takes, as far as is asked of a majority. */
function losing(db: Db, lost: { count: number }): Db {
  const keys = db.collection('keys');
  const find = (filter: Filter<Document>, options?: FindOptions) => {
    if (options?.readConcern === undefined || lost.count === 0) return keys.find(filter, options);
    lost.count -= 1;
    return keys.find({ $and: [filter, { _id: { $exists: false } }] }, options);
  };
  const forgetful = override(keys, { find });
  return override(db, { collection: (name: string) => (name === 'keys' ? forgetful : db.collection(name)) });
}

function override<T extends object>(whole: T, parts: object): T {
  return new Proxy(whole, {
    get: (target, name) => {
      const value = Reflect.get(name in parts ? parts : target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Keys with budgets of 20, in a store that sends to primaries of the elections it is told. */
async function scene(t: TestContext, election: () => string | null) {
  const { uri, db, store: other } = await useStoreAndDatabase(t);
  const tiers = [await addTier(other, { a: [] })];
  const keys = await addKeys(other, 'tier', same(KEYS, { budgets: [budgetOf(BUDGET)] }));
  const lost = { count: 0 };
  const connection = await connect(uri);
  const primary = { ...connection.primary, election };
  const changed = { ...connection, primary, db: losing(connection.db, lost) };
  const store = await openOn(changed, { clock: systemClock, newId: uuid, warn: () => {} });
  t.after(store.close);
  return { db, store, tiers, lost, keyIds: keys.map(({ id }) => id) };
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

describe('MongoDB: takes that their audit confirms', { concurrency: true }, () => {
  it('wait for no majority, and the audit does', async (t) => {
    const { db, store } = await useStoreAndDatabase(t);
    const tier = await addTier(store, { a: [] });
    await addKey(store, 'tier');
    await db.command({ profile: 2 });
    await mustDraw(store, [tier], 'a');
    // A retry elsewhere may find this one as soon as its request is on record.
    await mustDraw(store, [tier], 'a', { idempotency: { key: 'r', fingerprint: 'fields' } });
    assert.deepEqual(await concerns(db, 'findAndModify', 'keys'), [
      [1, undefined],
      ['majority', true],
    ]);
    assert.deepEqual(await concerns(db, 'insert', 'usage_events'), [
      ['majority', true],
      ['majority', true],
    ]);
  });

  it('are looked for where another primary wrote their audit, and served when a majority has them', async (t) => {
    const { db, store, tiers, keyIds } = await scene(t, () => 'an election that nobody won');
    for (let i = 0; i < 3; i += 1) await mustDraw(store, tiers, 'a');
    assert.equal(await counted(store, keyIds), 3);
    assert.deepEqual(await audit(db), { served: 3, withheld: 0, voids: 0 });
  });

  it('do not serve where they are lost: the audit shows them as withheld, and others serve', async (t) => {
    const { db, store, tiers, lost, keyIds } = await scene(t, () => 'an election that nobody won');
    const first = await mustDraw(store, tiers, 'a');
    lost.count = 1;
    const second = await mustDraw(store, tiers, 'a');
    await eventually('a draw is withheld', async () => ((await audit(db)).withheld === 1 ? true : null));
    assert.deepEqual(await audit(db), { served: 2, withheld: 1, voids: 0 });
    assert.equal(await counted(store, keyIds), 3);
    const events = await store.listUsageEvents({}, { after: null, limit: 10 });
    const served = events.items.filter((event) => event.kind === 'draw' && !event.withheld);
    assert.deepEqual(served.map(({ id }) => id).sort(), [first.drawId, second.drawId].sort());
  });

  it('are put on record only once a majority has them, where a primary was elected meanwhile', async (t) => {
    const elections = ['first', 'second'];
    const { db, store, tiers, lost, keyIds } = await scene(t, () => {
      elections.reverse();
      return elections[0] ?? null;
    });
    await mustDraw(store, tiers, 'a');
    assert.deepEqual(await audit(db), { served: 1, withheld: 0, voids: 0 });
    lost.count = 1;
    await mustDraw(store, tiers, 'a');
    // What was lost was never on record, and its unit is back.
    assert.equal(await counted(store, keyIds), 2);
    assert.deepEqual(await audit(db), { served: 2, withheld: 0, voids: 1 });
  });
});
