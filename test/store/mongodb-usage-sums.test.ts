import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { SummedSpans, UsageSubject } from '../../src/model/usage-summary.ts';
import type { UsageMarksDocument } from '../../src/store/mongodb/usage-sum-documents.ts';
import type { Store } from '../../src/store/port.ts';
import { drawMany } from '../support/drawing.ts';
import { eventually } from '../support/eventually.ts';
import { allUsageEvents } from '../support/listing.ts';
import { faultyDatabase } from '../support/mongodb-faults.ts';
import { addKeys, addTier, same } from '../support/store-rows.ts';
import { plainCount, recordOf, summaryOf, sumNow } from '../support/summed-usage.ts';

const SPANS: SummedSpans = { hourMs: 200, sliceMs: 50, settleMs: 20, recheckMs: 200 };
const { hourMs } = SPANS;
/** An error that no driver tries again after. */
const MAX_TIME_EXPIRED = 50;
const COMMAND_TIMEOUT_MS = 400;
/** Steps that meet a fault before it is gone. */
const BROKEN_STEPS = 6;

/** Two processes on a database with events of two consumers, and a client of its own. */
async function scene(t: TestContext, summedSpans = SPANS) {
  const database = await faultyDatabase(COMMAND_TIMEOUT_MS);
  t.after(database.close);
  const store = await database.open('one', { summedSpans });
  const other = await database.open('other', { summedSpans });
  const tier = await addTier(store, { a: [] });
  const keys = await addKeys(store, 'tier', same(2));
  const use = async () => {
    await drawMany(store, [tier], 'a', 6, { consumerId: 'c-1' });
    await store.recordUsage([recordOf({ endpoint: '/x' }), recordOf({ consumerId: 'c-2', once: true })]);
  };
  await use();
  const db = database.client.db(database.databaseName);
  const subjects: readonly UsageSubject[] = [
    { kind: 'all' },
    { kind: 'consumer', id: 'c-1' },
    { kind: 'feature', id: 'a' },
    ...keys.map(({ id }): UsageSubject => ({ kind: 'key', id })),
  ];
  const checkSums = async (events = 0) => {
    const all = await allUsageEvents(store);
    assert.ok(all.length >= events);
    for (const subject of subjects) {
      const summary = await summaryOf(other, subject);
      assert.deepEqual(summary, plainCount(all, subject, summary), JSON.stringify(subject));
    }
  };
  const passTime = async (ms: number) => {
    const until = store.now() + ms;
    await eventually('time passes', () => (store.now() >= until ? true : null));
  };
  return { ...database, store, other, db, use, checkSums, passTime };
}

/** Takes steps until there is no more to do, each after `before`; returns how many were broken off. */
async function sumInPieces(store: Store, before: (step: number) => Promise<void>): Promise<number> {
  let broken = 0;
  for (let step = 0; step < 200; step++) {
    await before(step);
    const more = await store.sumUsageStep().catch(() => {
      broken += 1;
      return true;
    });
    if (!more) return broken;
  }
  throw new Error('the sums come to no end');
}

describe('MongoDB: sums of usage', () => {
  it('are right after a step that was broken off anywhere', async (t) => {
    const { store, client, databaseName, heal, checkSums, passTime, use } = await scene(t);
    // `skip`: so many such commands are carried out before the ones that fail.
    const faults = [
      { collection: 'usage_events', command: 'aggregate', skip: 1 },
      { collection: 'usage_events', command: 'aggregate', skip: 3 },
      { collection: 'usage_hours', command: 'update', skip: 0 },
      { collection: 'usage_marks', command: 'update', skip: 0 },
      { collection: 'usage_slices', command: 'delete', skip: 0 },
    ];
    for (const { collection, command, skip } of faults) {
      await use();
      await passTime(2 * hourMs);
      const namespace = `${databaseName}.${collection}`;
      await client.db('admin').command({
        configureFailPoint: 'failCommand',
        mode: { skip },
        data: { failCommands: [command], namespace, appName: 'one', errorCode: MAX_TIME_EXPIRED },
      });
      const broken = await sumInPieces(store, async (step) => {
        if (step === BROKEN_STEPS) await heal();
      });
      assert.ok(broken > 0, `${collection} ${skip}`);
      await checkSums(8);
    }
  });

  it('are awaited for longer than what callers wait for', async (t) => {
    const { store, inject, heal, checkSums, passTime } = await scene(t);
    await passTime(2 * hourMs);
    const held = {
      ...({ failCommands: ['aggregate'], collection: 'usage_events', appName: 'one' } as const),
      ...({ blockConnection: true, blockTimeMS: 2 * COMMAND_TIMEOUT_MS } as const),
    };
    await inject(held, 2);
    await sumNow(store);
    await inject(held, 1);
    assert.equal((await summaryOf(store, { kind: 'all' })).draws, 6);
    await heal();
    await checkSums(8);
  });
});

describe('MongoDB: sums of usage that were made before', { concurrency: 3 }, () => {
  it('are right when they are made twice, by two at once, and again after half of the events are gone', async (t) => {
    const { store, other, db, checkSums, passTime, use } = await scene(t);
    await passTime(hourMs);
    await use();
    await passTime(2 * hourMs);
    const all = await allUsageEvents(store);
    const marks = db.collection<{ _id: string; hours: number; until: number }>('usage_marks');
    await store.sumUsageStep();
    const before = await marks.findOne({ _id: 'usage' });
    assert.ok(before);
    for (let i = 0; i < 3; i++) {
      await Promise.allSettled([sumNow(store), marks.updateOne({}, { $set: { until: 0 } }), sumNow(other)]);
      await sumNow(store);
      await checkSums(all.length);
      await marks.updateOne({}, { $set: { ...before, until: 0 } });
    }
    const some = all.slice(0, 5).map(({ id }) => id.split('.')[0] ?? '');
    await db.collection<{ _id: string }>('usage_events').deleteMany({ _id: { $in: some } });
    await sumNow(other);
    const summary = await summaryOf(other, { kind: 'all' });
    assert.deepEqual(summary, plainCount(all, { kind: 'all' }, summary));
  });

  it('count rows that come late, when their hour is summed and when it is looked at again', async (t) => {
    // One process never looks at an hour again, so that nothing is looked for before it came; another soon does.
    const { store, open, db, checkSums, passTime } = await scene(t, { ...SPANS, recheckMs: Infinity });
    const looking = await open('looking', { summedSpans: { ...SPANS, recheckMs: 0 } });
    const marks = db.collection<UsageMarksDocument>('usage_marks');
    const mark = async () => (await marks.findOne({ _id: 'usage' })) ?? assert.fail('nothing is summed');
    const comeLate = async (id: string, at: number) => {
      const draws = [{ serial: 0, consumer: 'c-1', request: 'r', peer: '' }];
      await db.collection<{ _id: string }>('usage_events').insertOne({
        _id: id,
        ...{ kind: 'draws', at, key: 'k', tier: 'tier', feature: 'a', units: 2, draws },
      });
    };
    // Sums go forward here alone: they stop in an hour of which a slice is summed, and it is not.
    const hour = await eventually('a part of an hour is summed', async () => {
      await sumNow(store);
      const { hours, slices } = await mark();
      return slices > hours ? hours : null;
    });
    await comeLate('late-1', hour + 1);
    await passTime(2 * hourMs);
    await sumNow(store);
    assert.ok((await mark()).hours > hour);
    await checkSums(9);
    // Into an hour that was summed, and into one in which there was nothing.
    await comeLate('late-2', hour + 2);
    await comeLate('late-3', hour - 1);
    await marks.updateOne({ _id: 'usage' }, { $set: { until: 0 } });
    await sumNow(looking);
    assert.ok((await mark()).checked > hour);
    await checkSums(11);
  });

  it('are made by one process at a time, and by another when that one is gone', async (t) => {
    const { store, other, db, passTime } = await scene(t);
    await passTime(2 * hourMs);
    assert.equal(await store.sumUsageStep(), true);
    assert.equal(await other.sumUsageStep(), false);
    await db.collection('usage_marks').updateOne({}, { $set: { until: 1 } });
    assert.equal(await other.sumUsageStep(), true);
    assert.equal(await store.sumUsageStep(), false);
  });
});
