import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { v7 as uuid } from 'uuid';
import { openMongoStore } from '../../src/store/mongodb/open.ts';
import { drawMany, drawn, drawOne } from '../support/drawing.ts';
import { eventually } from '../support/eventually.ts';
import { budgetOf } from '../support/key-state.ts';
import { useStoreAndDatabase } from '../support/mongodb-database.ts';
import { addGroup, editGroup, member } from '../support/quota-groups.ts';
import { reportOf } from '../support/reporting.ts';
import { addKey, addKeys, addTier, same } from '../support/store-rows.ts';
import { systemClock } from '../support/test-clock.ts';

const HOUR_MS = 3_600_000;

interface KeyRow {
  readonly _id: string;
  readonly turn?: string;
  readonly ready: object;
  readonly due: object;
}

interface ReportRow {
  readonly _id: string;
  readonly serial: number;
  readonly applied: boolean;
  readonly at: number;
}

/** A quota group without a unit, with eight keys, all of which are parked. */
async function scene(t: TestContext) {
  const { uri, db, store } = await useStoreAndDatabase(t);
  const tier = await addTier(store, { a: [] });
  await addGroup(store, { budgets: [budgetOf(1, HOUR_MS)] });
  const members = await addKeys(store, 'tier', same(8, member()));
  const keys = db.collection<KeyRow>('keys');
  assert.equal(drawn(await drawMany(store, [tier], 'a', 3)).length, 1);
  const noneIsReady = async () => (await keys.countDocuments({ ready: { $ne: {} } })) === 0 || null;
  await eventually('all are parked', noneIsReady);
  const turns = async () => new Map((await keys.find().toArray()).map(({ _id, turn }) => [_id, turn]));
  return { uri, store, tier, keys, members, turns };
}

describe('keys of a quota group that stand as they should', () => {
  it('are not written when it is found without units again', async (t) => {
    const { uri, tier, keys, members, turns } = await scene(t);
    const odd = members[0] ?? assert.fail('there are eight');
    await keys.updateOne({ _id: odd.id }, { $set: { ready: { 'tier|a': 1 }, due: {} } });
    const before = await turns();
    // One that does not know yet that they are parked.
    const other = await openMongoStore(uri, { clock: systemClock, newId: uuid, warn: () => {} });
    t.after(() => other.close());
    assert.equal((await drawOne(other, [tier], 'a')).kind, 'exhausted');
    const after = await turns();
    const written = [...after.keys()].filter((id) => after.get(id) !== before.get(id));
    assert.deepEqual(written, [odd.id]);
    assert.deepEqual((await keys.findOne({ _id: odd.id }))?.ready, {});
  });

  it('are not written when they are let try again', async (t) => {
    const { store, turns } = await scene(t);
    await editGroup(store, 'account', () => ({ description: 'x' }));
    const before = await turns();
    await editGroup(store, 'account', () => ({ description: 'y' }));
    assert.deepEqual(await turns(), before);
  });
});

describe('a list of applied reports that is full', () => {
  it('empties where one that is older has yet to be applied', async (t) => {
    const { db, store } = await useStoreAndDatabase(t);
    const tier = await addTier(store, { a: [] });
    const key = await addKey(store, 'tier', { budgets: [budgetOf(1000)] });
    const [late, ...others] = drawn(await drawMany(store, [tier], 'a', 65, { units: 2 }));
    assert.ok(late && others.length === 64);
    await store.reportRound(others.map((draw) => reportOf(draw, 'ok', { units: 1 })));
    const reports = db.collection<ReportRow>('outcome_reports');
    const said = (await reports.findOne()) ?? assert.fail('reports are rows');
    const serial = Number(late.drawId.split('.')[1]);
    // As if processes had ended before they could mark these, and before one could apply that.
    await reports.updateMany({}, { $set: { applied: false, at: said.at - 10_000 } });
    await reports.insertOne({ ...said, _id: late.drawId, serial, applied: false, at: said.at - 20_000 });
    const ids = others.map(({ drawId }) => drawId);
    await db.collection<KeyRow>('keys').updateOne({}, { $set: { 'health.applied': ids } });
    for (let i = 0; i < 3; i++) await store.applyReports(1000);
    assert.equal(await reports.countDocuments({ applied: false }), 0);
    assert.equal((await store.getKey(key.id))?.budgets[0]?.used, 65);
  });
});
