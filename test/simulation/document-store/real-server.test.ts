import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Document, MongoBulkWriteError, type UpdateFilter } from 'mongodb';
import { databaseOfFile } from '../../support/mongodb-database.ts';
import { createCollection } from '../driver/collection.ts';
import { createConnection } from '../driver/connection.ts';
import type { ObservedUpdate } from '../driver/statements.ts';
import type { Link } from '../link.ts';
import { createRandom } from '../random.ts';
import { runSchedule } from '../run-schedule.ts';
import { scheduleOf } from '../schedule.ts';
import { createVirtualTime } from '../virtual-time.ts';
import { createDraft } from './draft.ts';
import { evaluate } from './expressions.ts';
import { expressions } from './random-expressions.ts';
import { createTables } from './tables.ts';
import { isFields, type Row } from './values.ts';

/** Schedules whose updates are repeated on a real server, and how many of those. */
const SEEDS = { first: 1, count: 40 };
const UPDATES_MAX = 600;
const EXPRESSIONS = { rounds: 12, each: 40 };

const database = databaseOfFile();
const rows = (name: string) => database().db.collection<Row & Document>(name);

/** The update, or its filter, with the moment at which it was carried out in the simulation in place of the server's. */
function atMoment(update: unknown, now: Date): unknown {
  if (update === '$$NOW') return now;
  if (Array.isArray(update)) return update.map((one) => atMoment(one, now));
  if (!isFields(update)) return update;
  return Object.fromEntries(Object.entries(update).map(([name, value]) => [name, atMoment(value, now)]));
}

/** True of a direct take whose units count in a stamp that is there: there are few. */
function countsInStamp({ update }: ObservedUpdate): boolean {
  if (!isFields(update) || !isFields(update.$inc)) return false;
  return Object.keys(update.$inc).some((path) => /stamps\.\d+\.n$/.test(path));
}

/** The updates of some runs, most of them thinned out evenly. */
async function observedUpdates(): Promise<readonly ObservedUpdate[]> {
  const seen: ObservedUpdate[] = [];
  for (let seed = SEEDS.first; seed < SEEDS.first + SEEDS.count; seed += 1)
    await runSchedule(scheduleOf(seed), { observe: (update) => seen.push(update) });
  const step = Math.max(1, Math.floor(seen.length / UPDATES_MAX));
  return seen.filter((update, i) => i % step === 0 || countsInStamp(update));
}

describe('On a real server', () => {
  it('every update that the adapter sends matches and changes the row as in the simulated store', async () => {
    const updates = await observedUpdates();
    assert.ok(updates.some(countsInStamp), 'direct takes that count in a stamp that is there are among them');
    for (const { table, filter, update, now, before: row, after: expected } of updates) {
      await rows(table).replaceOne({ _id: row._id }, row, { upsert: true });
      const changed = await rows(table).findOneAndUpdate(
        { $and: [{ _id: row._id }, atMoment(filter, now) as object] },
        atMoment(update, now) as UpdateFilter<Row & Document>,
        { returnDocument: 'after' },
      );
      assert.deepEqual(changed, expected, JSON.stringify(update));
    }
  });

  it('random expressions over rows with gaps have the same values', async () => {
    const random = createRandom('expressions');
    const row = { _id: 'row', a: 3, b: -2, n: null, l: [1, 5, 2], e: [], o: [{ v: 4 }, { v: null }, {}] };
    const root: Row = row;
    await rows('expressions').insertOne(row);
    for (let round = 0; round < EXPRESSIONS.rounds; round += 1) {
      const asked = Object.fromEntries(
        expressions(random, EXPRESSIONS.each).map((expression, i) => [`x${i}`, expression]),
      );
      const [found] = await rows('expressions')
        .aggregate([{ $project: { _id: 0, ...asked } }])
        .toArray();
      for (const [name, expression] of Object.entries(asked)) {
        const value = evaluate(expression, { root, now: new Date(0), variables: null });
        assert.deepEqual(found?.[name], value, JSON.stringify(expression));
      }
    }
  });

  it('a duplicate in an unordered insert is the same error', async () => {
    const simulated = createCollection<Document>('rows', storeAlone(), () => {});
    const real = database().db.collection('rows');
    const failures = [];
    for (const collection of [simulated, real]) {
      const insert = (...ids: string[]) =>
        collection.insertMany(
          ids.map((_id) => ({ _id }) as Document),
          { ordered: false },
        );
      await insert('one');
      const error = await insert('two', 'one', 'three').catch((cause: unknown) => cause);
      assert.ok(error instanceof MongoBulkWriteError);
      failures.push({
        code: error.code,
        errors: [error.writeErrors].flat().map(({ index, code }) => ({ index, code })),
        concern: error.result.getWriteConcernError(),
        inserted: error.insertedCount,
      });
      assert.equal(await collection.countDocuments({}), 3);
    }
    assert.deepEqual(failures[0], failures[1]);
  });

  it('duplicates among rows that are inserted by a command are told in the same way', async () => {
    const simulated = createConnection('simulated', storeAlone(), createVirtualTime(), () => {});
    const answers = [];
    for (const db of [simulated.db, database().db]) {
      const insert = (...ids: string[]) =>
        db.command({
          insert: 'more',
          documents: ids.map((_id) => ({ _id })),
          ordered: false,
          writeConcern: { w: 'majority', j: true },
        });
      const all = await insert('one');
      const some = await insert('two', 'one', 'three');
      assert.equal(typeof some.electionId.toHexString(), 'string');
      answers.push({
        all: [all.n, all.writeErrors],
        some: some.n,
        errors: some.writeErrors.map(({ index, code }: Document) => ({ index, code })),
      });
      assert.equal(await db.collection('more').countDocuments({}), 3);
    }
    assert.deepEqual(answers[0], answers[1]);
  });
});

/** A store that carries everything out at once. */
function storeAlone(): Link {
  const tables = createTables();
  return {
    send: async (command) => {
      const draft = createDraft(tables);
      const value = command.combine(command.steps.map((step) => step(draft, new Date(0))));
      tables.apply(draft.changes(), false);
      return { kind: 'done', value, election: 'm0.1' };
    },
    election: () => 'm0.1',
    commit: async () => ({ kind: 'cut' }),
    abort: () => {},
  };
}
