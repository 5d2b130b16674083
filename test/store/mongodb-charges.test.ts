import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { Charge, Charged, Store } from '../../src/store/port.ts';
import { chargeOf, chargeOne, freshRequest, grantedCount, poolOf, verifyEvent } from '../support/charging.ts';
import { eventually } from '../support/eventually.ts';
import { allUsageEvents } from '../support/listing.ts';
import { type Fault, type FaultyDatabase, faultyDatabase } from '../support/mongodb-faults.ts';

/** When a claim without an answer is settled by a retry. */
const OPEN_MS = 400;
const NETWORK = { closeConnection: true } as const;
/** Carried out, and reported as not confirmed by a majority. */
const UNCONFIRMED = { writeConcernError: { code: 64, errmsg: 'waiting for replication timed out' } } as const;

describe('MongoDB: a charge whose fate is unknown', () => {
  let database: FaultyDatabase;
  let opened = 0;
  before(async () => {
    database = await faultyDatabase();
  });
  after(() => database.close());

  async function open(t: TestContext): Promise<{ readonly store: Store; readonly break: Breaking }> {
    opened += 1;
    const appName = `charges-${opened}`;
    t.after(database.heal);
    const store = await database.open(appName, { openTakeMs: OPEN_MS });
    const breaking: Breaking = (collection, command, how, times) =>
      database.inject({ failCommands: [command], collection, appName, ...how }, times);
    return { store, break: breaking };
  }

  type Breaking = (
    collection: string,
    command: string,
    how: Omit<Fault, 'failCommands' | 'collection' | 'appName'>,
    times?: number,
  ) => Promise<void>;

  const settle = (store: Store, charge: Charge): Promise<Charged> =>
    eventually(
      'the retry is settled',
      async () => {
        const [result] = await store.chargeRound([charge]);
        return result?.kind === 'charged' ? result : null;
      },
      5000,
    );

  const eventsOf = async (store: Store, consumerId: string) =>
    (await allUsageEvents(store, { consumerId })).length;

  const left = async (store: Store, charge: Charge): Promise<number | undefined> =>
    (await chargeOne(store, chargeOf(charge.pools, 0))).pools[0]?.remaining;

  function charging(name: string, idempotent = true): Charge {
    const event = verifyEvent({ consumerId: name, units: 4 });
    return chargeOf([poolOf(10, name)], 4, { event, idempotency: idempotent ? freshRequest() : null });
  }

  it('is found in its pool when the reply was lost', async (t) => {
    const { store, break: breakNext } = await open(t);
    const charge = charging('lost reply', false);
    await breakNext('credit_pools', 'findAndModify', UNCONFIRMED, 1);
    const { granted, pools } = await chargeOne(store, charge);
    assert.deepEqual([granted, pools[0]?.remaining], [true, 6]);
    assert.equal(await eventsOf(store, 'lost reply'), 1);
  });

  it('is found in each of many pools when their reply was lost', async (t) => {
    const { store, break: breakNext } = await open(t);
    const pools = Array.from({ length: 6 }, (_, i) => poolOf(10, `many-${i}`));
    const round = () => store.chargeRound(pools.map((pool) => chargeOf([pool], 4)));
    await breakNext('credit_pools', 'update', UNCONFIRMED, 1);
    assert.equal(grantedCount(await round()), 6);
    await breakNext('credit_pools', 'update', NETWORK, 1);
    const kinds = (await round()).map(({ kind }) => kind);
    assert.deepEqual(kinds, Array(6).fill('unavailable'));
    assert.deepEqual(
      (await round()).map((result) => result.kind === 'charged' && result.pools[0]?.remaining),
      Array(6).fill(2),
    );
  });

  for (const [where, collection, command, how, times] of [
    ['before it was counted', 'credit_pools', 'findAndModify', NETWORK, 1],
    ['before it was on record', 'usage_events', 'insert', NETWORK, 1],
    ['when its record was not confirmed', 'usage_events', 'insert', UNCONFIRMED, 1],
    ['before it was answered', 'charged_requests', 'update', NETWORK, 1],
    ['when its request id was not confirmed', 'charged_requests', 'insert', UNCONFIRMED, 1],
  ] as const)
    it(`is made once by its retries when it broke off ${where}`, async (t) => {
      const { store, break: breakNext } = await open(t);
      const charge = charging(where);
      await breakNext(collection, command, how, times);
      assert.deepEqual(await store.chargeRound([charge]), [{ kind: 'unavailable' }]);
      const retried = await settle(store, { ...charge, event: verifyEvent({ consumerId: where, units: 4 }) });
      assert.equal(retried.granted, true);
      assert.equal(await left(store, charge), 6);
      assert.equal(await eventsOf(store, where), 1);
      const again = await chargeOne(store, charge);
      assert.deepEqual([again.granted, again.replayed], [true, true]);
      assert.equal(await left(store, charge), 6);
    });

  for (const [where, collection, command, how, recorded] of [
    ['was not confirmed', 'usage_events', 'insert', UNCONFIRMED, 5],
    ['broke off', 'usage_events', 'insert', NETWORK, 0],
    ['was, and that of another’s answer broke off', 'charged_requests', 'update', NETWORK, 5],
  ] as const)
    it(`has its record once, when it is sent again, where the write of a round’s records ${where}`, async (t) => {
      const { store, break: breakNext } = await open(t);
      const consumerId = `round that ${where}`;
      const events = Array.from({ length: 5 }, () => verifyEvent({ consumerId }));
      const charges = events.map((event) => chargeOf([], 0, { event }));
      // In the same round, so that there is an answer to be written.
      const named = chargeOf([], 0, { idempotency: freshRequest() });
      await breakNext(collection, command, how, 1);
      const kinds = (await store.chargeRound([...charges, named])).map(({ kind }) => kind);
      assert.deepEqual(kinds, Array(6).fill('unavailable'));
      assert.equal(await eventsOf(store, consumerId), recorded);
      const again = events.map((event) => chargeOf([], 0, { event: { ...event, once: true } }));
      // Whatever rounds they come in, however often, beside others.
      const other = chargeOf([], 0, { event: verifyEvent({ consumerId }) });
      for (const round of [again.slice(1, 3), [...again.slice(2), other], again])
        assert.equal(grantedCount(await store.chargeRound(round)), round.length);
      const ids = (await allUsageEvents(store, { consumerId })).map(({ id }) => id);
      assert.deepEqual(ids.sort(), [...events, other.event].map((event) => event?.id).sort());
    });

  it('is settled by another process when its own has gone', async (t) => {
    const { store, break: breakNext } = await open(t);
    const charge = charging('gone');
    await breakNext('usage_events', 'insert', NETWORK, 1);
    await store.chargeRound([charge]);
    const goneAt = store.now();
    await store.close();
    const other = (await open(t)).store;
    const { replayed, at } = await settle(other, charge);
    assert.equal(replayed, true);
    // Its moment is that at which its pool counted it.
    assert.ok(at <= goneAt + 50, `${at - goneAt} ms later`);
    assert.equal(await left(other, charge), 6);
    assert.equal(await eventsOf(other, 'gone'), 1);
  });

  it('gives its credits back to the pools that granted it when another refused', async (t) => {
    const { store } = await open(t);
    const [wide, narrow] = [poolOf(1000, 'wide'), poolOf(3, 'narrow')];
    const results = await store.chargeRound([2, 2, 2, 1].map((cost) => chargeOf([wide, narrow], cost)));
    assert.deepEqual(
      results.map((result) => result.kind === 'charged' && result.granted),
      [true, false, false, true],
    );
    const { pools } = await chargeOne(store, chargeOf([wide, narrow], 0));
    assert.deepEqual(
      pools.map(({ remaining }) => remaining),
      [997, 0],
    );
  });

  it('comes again, and leaves nothing behind, when its pools counted it too far apart for one moment', async (t) => {
    const { store, break: breakNext } = await open(t);
    const pools = [poolOf(4, 'own', 1500), poolOf(9, 'owner', 1500)];
    const charge = chargeOf(pools, 4, { event: verifyEvent({ consumerId: 'apart' }) });
    await breakNext('credit_pools', 'findAndModify', { blockConnection: true, blockTimeMS: 300 }, 1);
    assert.deepEqual(await store.chargeRound([charge]), [{ kind: 'again' }]);
    assert.equal(await eventsOf(store, 'apart'), 0);
    // Refused by one of them: as before, whenever the other granted it.
    await breakNext('credit_pools', 'findAndModify', { blockConnection: true, blockTimeMS: 300 }, 1);
    const [refused] = await store.chargeRound([{ ...charge, cost: 5 }]);
    assert.equal(refused?.kind === 'charged' && refused.granted, false);
    const { granted, pools: left } = await chargeOne(store, charge);
    assert.deepEqual([granted, ...left.map(({ remaining }) => remaining)], [true, 0, 5]);
    assert.equal(await eventsOf(store, 'apart'), 1);
  });

  it('is made anew by its retry when its pools counted it apart and its request id was not given up', async (t) => {
    const { store, break: breakNext } = await open(t);
    const pools = [poolOf(9, 'own of two', 2000), poolOf(9, 'owner of two', 2000)];
    await chargeOne(store, chargeOf(pools, 0));
    // As a primary whose clock was ahead leaves it.
    const rows = database.client.db(database.databaseName).collection<{ _id: string }>('credit_pools');
    await rows.updateOne({ _id: 'owner of two' }, { $set: { at: store.now() + 200 } });
    const event = verifyEvent({ consumerId: 'two', units: 4 });
    const charge = chargeOf(pools, 4, { event, idempotency: freshRequest() });
    await breakNext('charged_requests', 'delete', NETWORK, 1);
    assert.deepEqual(await store.chargeRound([charge]), [{ kind: 'again' }]);
    const { granted, pools: after } = await settle(store, charge);
    assert.deepEqual([granted, ...after.map(({ remaining }) => remaining)], [true, 5, 5]);
    assert.equal(await eventsOf(store, 'two'), 1);
  });

  it('is made anew by a retry that comes when its pool counts it no more', async (t) => {
    const { store, break: breakNext } = await open(t);
    const event = verifyEvent({ consumerId: 'late' });
    const charge = chargeOf([poolOf(4, 'late', 200)], 4, { event, idempotency: freshRequest() });
    await breakNext('usage_events', 'insert', NETWORK, 1);
    assert.deepEqual(await store.chargeRound([charge]), [{ kind: 'unavailable' }]);
    const begun = store.now();
    const { granted, replayed, at } = await settle(store, charge);
    assert.deepEqual([granted, replayed], [true, false]);
    assert.ok(at >= begun + 200);
    assert.equal(await eventsOf(store, 'late'), 1);
  });

  it('comes again at once when it took so long to claim its request id that others may take it over', async (t) => {
    const { store, break: breakNext } = await open(t);
    const event = verifyEvent({ consumerId: 'slow' });
    const charge = chargeOf([poolOf(4, 'slow')], 4, { event, idempotency: freshRequest() });
    await breakNext('charged_requests', 'insert', { blockConnection: true, blockTimeMS: OPEN_MS * 0.75 }, 1);
    assert.deepEqual(await store.chargeRound([charge]), [{ kind: 'again' }]);
    const [second] = await store.chargeRound([charge]);
    assert.deepEqual(second?.kind === 'charged' && [second.granted, second.replayed], [true, false]);
    assert.equal(await eventsOf(store, 'slow'), 1);
  });

  it('is granted also where another of its round cannot give up its request id', async (t) => {
    const { store, break: breakNext } = await open(t);
    await breakNext('charged_requests', 'delete', NETWORK, 1);
    const pool = poolOf(5, 'released');
    const results = await store.chargeRound([
      chargeOf([pool], 4),
      chargeOf([pool], 4, { idempotency: freshRequest() }),
    ]);
    assert.deepEqual(
      results.map((result) => result.kind === 'charged' && result.granted),
      [true, false],
    );
  });

  it('leaves rows that do not grow', async (t) => {
    const { store } = await open(t);
    const pool = poolOf(100_000, 'long');
    for (let round = 0; round < 20; round += 1)
      await store.chargeRound([
        chargeOf([pool], 1),
        chargeOf([pool], 2, { idempotency: freshRequest() }),
        chargeOf([pool], 1),
      ]);
    const row = await database.client
      .db(database.databaseName)
      .collection<{ _id: string; takes: unknown[]; meter: { stamps: unknown[] } }>('credit_pools')
      .findOne({ _id: 'long' });
    assert.ok((row?.takes.length ?? 99) <= 3 && (row?.meter.stamps.length ?? 99) <= 62);
  });
});
