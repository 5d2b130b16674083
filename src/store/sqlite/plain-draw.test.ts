import assert from 'node:assert/strict';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { v7 as uuid } from 'uuid';
import { drawn, drawOf } from '../../../test/support/drawing.ts';
import { limitOf } from '../../../test/support/meter-run.ts';
import { reportOf } from '../../../test/support/reporting.ts';
import { addKey, addTier } from '../../../test/support/store-rows.ts';
import { systemClock } from '../../../test/support/test-clock.ts';
import { migrate } from './migrations.ts';
import { createSqliteStore } from './store.ts';

const CALLS = ['get', 'all', 'run'] as const;

/** Remembers the statements that are executed, by how they begin. */
class CountingDatabase extends DatabaseSync {
  executed: string[] = [];

  #note(sql: string): void {
    this.executed.push(
      /^\s*(?:WITH|BEGIN|COMMIT|(?:SELECT.*?FROM|INSERT INTO|UPDATE) \w+)/s.exec(sql)?.[0] ?? sql,
    );
  }

  override exec(sql: string): void {
    this.#note(sql);
    super.exec(sql);
  }

  override prepare(sql: string): StatementSync {
    const note = (): void => this.#note(sql.replaceAll(/\s+/g, ' '));
    return new Proxy(super.prepare(sql), {
      get: (statement, name: keyof StatementSync) => {
        const value = statement[name];
        if (typeof value !== 'function') return value;
        if (CALLS.some((call) => call === name)) note();
        return value.bind(statement);
      },
    });
  }
}

/** A store with a key that was drawn once, and what a round of one draw executes. */
async function openCounting() {
  const db = new CountingDatabase(':memory:');
  migrate(db, ':memory:');
  const store = createSqliteStore(db, ':memory:', { clock: systemClock, newId: uuid, warn: () => {} });
  const tier = await addTier(store, { a: [limitOf('sliding', 1000, 60_000)] });
  await addKey(store, 'tier');
  const drawOnce = async () => {
    db.executed = [];
    const [draw] = drawn(await store.drawRound([drawOf([tier], 'a')]));
    return { draw: draw ?? assert.fail('it is served'), executed: db.executed };
  };
  await drawOnce();
  return { db, store, drawOnce };
}

/** No more than before there were reports, holds and groups. */
const PLAIN = [
  'BEGIN',
  'SELECT key, position, last_rank AS lastRank FROM places',
  'INSERT INTO usage_events',
  'SELECT seq FROM usage_indexed',
  'UPDATE key_states',
  'UPDATE places',
  'COMMIT',
];

describe('SQLite: the statements of a plain draw', () => {
  it('are few and always the same, also once draws are reported', async () => {
    const { store, drawOnce } = await openCounting();
    const { draw, executed } = await drawOnce();
    assert.deepEqual(executed, PLAIN);
    await store.reportRound([reportOf(draw, 'ok')]);
    assert.deepEqual((await drawOnce()).executed, PLAIN);
    await store.close();
  });

  it('are followed, where it is reported as planned, by one row and no other', async () => {
    const { db, store, drawOnce } = await openCounting();
    await store.reportRound([reportOf((await drawOnce()).draw, 'ok')]);
    const { draw } = await drawOnce();
    db.executed = [];
    await store.reportRound([reportOf(draw, 'ok')]);
    const writes = db.executed.filter((sql) => !sql.startsWith('SELECT'));
    assert.deepEqual(writes, ['BEGIN', 'INSERT INTO outcome_reports', 'COMMIT']);
    await store.close();
  });
});
