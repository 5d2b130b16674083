import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { v7 as uuid } from 'uuid';
import { type OpenTake, RECOVERY_GRACE_MS } from '../../src/model/key.ts';
import type { Store } from '../../src/store/port.ts';
import { drawMany, drawn } from '../support/drawing.ts';
import { budgetOf } from '../support/key-state.ts';
import { type FaultyDatabase, faultyDatabase } from '../support/mongodb-faults.ts';
import { addKeys, addTier } from '../support/store-rows.ts';

const KEYS = 150;
/** Draws of each open take, of one unit each. */
const DRAWS = 3;
const BUDGET = 100;
/** No command is made late here. */
const COMMAND_TIMEOUT_MS = 10_000;

/** What the process that left an open take had written of its audit: nothing, so many draws, or others a void row. */
const AUDITS = ['none', 1, DRAWS, 'void'] as const;

interface Left {
  readonly open: OpenTake;
  readonly audit: (typeof AUDITS)[number];
}

/** The open takes that a dead process left in a key: one to three. */
function leftIn(key: number, end: number): Left[] {
  return Array.from({ length: 1 + (key % 3) }, (_, i) => ({
    open: { take: uuid(), n: DRAWS, units: 1, end, epochs: [budgetOf(BUDGET).epoch] },
    audit: AUDITS[(key + i) % AUDITS.length] ?? 'none',
  }));
}

async function writeAudits({ client, databaseName }: FaultyDatabase, all: readonly Left[]): Promise<void> {
  const rows = all.flatMap(({ open: { take, end }, audit }) => {
    if (audit === 'none') return [];
    if (audit === 'void') return [{ _id: take, kind: 'void', at: end }];
    const draws = Array.from({ length: audit }, (_, serial) => ({
      serial,
      consumer: '',
      request: 'r',
      peer: '',
    }));
    const of = { key: 'key', tier: 'tier', feature: 'a', units: 1 };
    return [{ _id: take, kind: 'draws', at: end, ...of, draws }];
  });
  await client.db(databaseName).collection<{ _id: string }>('usage_events').insertMany(rows);
}

/** A store on keys with budgets, each of which a dead process left with open takes whose end has long passed. */
async function openAfterCrash(t: TestContext) {
  const database = await faultyDatabase(COMMAND_TIMEOUT_MS);
  t.after(database.close);
  const store = await database.open('first');
  const tier = await addTier(store, { a: [] });
  const end = store.now() - RECOVERY_GRACE_MS - 60_000;
  const left = Array.from({ length: KEYS }, (_, i) => leftIn(i, end));
  const parts = left.map((ofKey) => ({
    open: ofKey.map(({ open }) => open),
    budgets: [{ ...budgetOf(BUDGET), used: ofKey.length * DRAWS }],
  }));
  const keys = await addKeys(store, 'tier', parts);
  await writeAudits(database, left.flat());
  const realOf = (ofKey: readonly Left[]) =>
    ofKey.reduce((sum, { audit }) => sum + (typeof audit === 'number' ? audit : 0), 0);
  return { database, store, tiers: [tier], keys, takes: left.flat().length, real: left.map(realOf) };
}

async function recoverAll(store: Store, limit: number): Promise<number> {
  let settled = 0;
  for (let n = await store.recoverOpenTakes(limit); n > 0; n = await store.recoverOpenTakes(limit)) {
    assert.ok(n <= limit);
    settled += n;
  }
  return settled;
}

async function usedOf(store: Store, keys: readonly { readonly id: string }[]) {
  const rows = await Promise.all(keys.map(({ id }) => store.getKey(id)));
  return rows.map((row) => row?.budgets[0]?.used ?? assert.fail('the key is there'));
}

describe('hundreds of open takes of a process that is gone', () => {
  it('are settled to what is on record, by several processes at once, each take by one of them', async (t) => {
    const { database, store, keys, takes, real } = await openAfterCrash(t);
    const others = [await database.open('second'), await database.open('third')];
    const settled = await Promise.all([store, ...others].map((each) => recoverAll(each, 40)));
    assert.equal(
      settled.reduce((sum, n) => sum + n, 0),
      takes,
    );
    assert.deepEqual(await usedOf(store, keys), real);
    assert.equal(await recoverAll(store, 1000), 0);
    assert.deepEqual(await usedOf(store, keys), real);
  });

  it('are settled while draws on the same keys go on, and both count', async (t) => {
    const { store, tiers, keys, real } = await openAfterCrash(t);
    const [served] = await Promise.all([
      drawMany(store, tiers, 'a', 2 * KEYS, {}).then(drawn),
      recoverAll(store, 100),
    ]);
    await recoverAll(store, 100);
    const drawnOf = Map.groupBy(served, ({ keyId }) => keyId);
    assert.deepEqual(
      await usedOf(store, keys),
      keys.map(({ id }, i) => (real[i] ?? 0) + (drawnOf.get(id)?.length ?? 0)),
    );
    assert.equal(served.length, 2 * KEYS);
  });

  it('get nothing back while it cannot be told what is on record, and all of it once it can', async (t) => {
    const { database, store, keys, takes, real } = await openAfterCrash(t);
    const before = await usedOf(store, keys);
    await database.inject({
      failCommands: ['insert'],
      collection: 'usage_events',
      appName: 'first',
      writeConcernError: { code: 64, errmsg: 'waiting for replication timed out' },
    });
    await assert.rejects(store.recoverOpenTakes(1000), { kind: 'unavailable' });
    assert.deepEqual(await usedOf(store, keys), before);
    await database.heal();
    assert.equal(await recoverAll(store, 1000), takes);
    assert.deepEqual(await usedOf(store, keys), real);
  });
});
