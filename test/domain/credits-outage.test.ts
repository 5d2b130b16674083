import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { CreditSettings } from '../../src/domain/credit-settings.ts';
import { type Credits, createCredits } from '../../src/domain/credits.ts';
import { createDirectory } from '../../src/domain/directory.ts';
import type { Store } from '../../src/store/port.ts';
import { freshRequest, verifyEvent } from '../support/charging.ts';
import { allUsageEvents } from '../support/listing.ts';
import { type FaultyDatabase, faultyDatabase } from '../support/mongodb-faults.ts';
import { consumerOf } from '../support/store-rows.ts';
import { systemClock } from '../support/test-clock.ts';

describe('credits while the store is out of reach', () => {
  let database: FaultyDatabase;
  before(async () => {
    database = await faultyDatabase();
  });
  after(() => database.close());

  const payer = (creditsPerMinute: number) => ({
    kind: 'consumer' as const,
    consumer: consumerOf({ creditsPerMinute }),
  });

  async function open(t: TestContext, appName: string, whenStoreDown: CreditSettings['whenStoreDown']) {
    const store: Store = await database.open(appName);
    const directory = createDirectory(store, systemClock);
    const logged: string[] = [];
    const note = (_: unknown, message: string): void => {
      logged.push(message);
    };
    const log = { info: note, warn: note, error: note };
    const settings = { creditsPerMinute: null, costs: new Map(), whenStoreDown };
    const credits = createCredits({ store, directory, clock: systemClock, log, settings });
    t.after(directory.close);
    return { store, credits, logged };
  }

  const breakPools = (appName: string) =>
    database.inject({
      failCommands: ['findAndModify'],
      collection: 'credit_pools',
      appName,
      closeConnection: true,
    });

  const chargeOne = async (credits: Credits, by: ReturnType<typeof payer>, cost: number) => {
    const event = verifyEvent({ units: cost, consumerId: by.consumer.id });
    const charge = { cost, resource: null, event, idempotency: null };
    const answer = await credits.charge(by, charge);
    return answer.kind === 'charged' ? answer : assert.fail('its request id was used');
  };

  it('are counted by each process for its share, and put on record when the store is back', async (t) => {
    const { store, credits, logged } = await open(t, 'local', 'local');
    const other = await open(t, 'another', 'local');
    await other.credits.tend();
    await credits.tend();
    const by = payer(20);
    await breakPools('local');
    const granted: boolean[] = [];
    for (const cost of [4, 4, 4, 2]) granted.push((await chargeOne(credits, by, cost)).granted);
    assert.deepEqual(granted, [true, true, false, true]);
    assert.equal(credits.isLocal(), true);
    assert.deepEqual(logged, [
      'credits are not counted in the store: each process grants its share of every limit until it is back',
    ]);
    assert.equal((await allUsageEvents(store)).length, 0);
    await database.heal();
    await credits.tend();
    assert.equal(credits.isLocal(), false);
    assert.equal(logged.at(-1), 'credits are counted in the store again');
    const units = (await allUsageEvents(store)).map((event) => event.units);
    assert.deepEqual(units.sort(), [2, 4, 4]);
    assert.equal((await chargeOne(credits, by, 20)).granted, true);
  });

  it('are no more than the share where the store comes and goes', async (t) => {
    const { store, credits } = await open(t, 'flapping', 'local');
    await credits.tend();
    const by = payer(60);
    const share = Math.floor(60 / (await store.noteProcess()));
    await breakPools('flapping');
    const granted: boolean[] = [];
    for (const cost of [share, 1, share]) {
      granted.push((await chargeOne(credits, by, cost)).granted);
      // The rest of it can be reached, so the pools are tried again.
      await credits.tend();
    }
    assert.deepEqual(granted, [true, false, false]);
    await database.heal();
  });

  it('are charged once for a request id, also by a retry when the store is back', async (t) => {
    const { store, credits } = await open(t, 'retried', 'local');
    const by = payer(20);
    await breakPools('retried');
    await chargeOne(credits, by, 1);
    const idempotency = freshRequest();
    const retry = async () => {
      const event = verifyEvent({ units: 4, consumerId: 'retried' });
      const answer = await credits.charge(by, { cost: 4, resource: null, event, idempotency });
      return answer.kind === 'charged' ? [answer.granted, answer.replayed] : answer.kind;
    };
    assert.deepEqual(await retry(), [true, false]);
    assert.deepEqual(await retry(), [true, true]);
    await database.heal();
    await credits.tend();
    assert.deepEqual(await retry(), [true, true]);
    assert.equal((await allUsageEvents(store, { consumerId: 'retried' })).length, 1);
    const other = { ...idempotency, fingerprint: 'other fields' };
    const charge = { cost: 1, resource: null, event: null, idempotency: other };
    assert.equal((await credits.charge(by, charge)).kind, 'reused');
  });

  it('are all on record when several look whether the store is back', async (t) => {
    const { store, credits } = await open(t, 'tended', 'local');
    const by = payer(1000);
    await breakPools('tended');
    await chargeOne(credits, by, 1);
    const calls = 350;
    await Promise.all(Array.from({ length: calls - 1 }, () => chargeOne(credits, by, 1)));
    await database.heal();
    await Promise.all([credits.tend(), credits.tend(), credits.tend()]);
    await credits.tend();
    assert.equal((await allUsageEvents(store, { consumerId: by.consumer.id })).length, calls);
  });

  it('are on record once where the write of their events was under way when the store went', async (t) => {
    const { store, credits } = await open(t, 'unconfirmed', 'local');
    const by = payer(1000);
    await database.inject(
      {
        failCommands: ['insert'],
        collection: 'usage_events',
        appName: 'unconfirmed',
        writeConcernError: { code: 64, errmsg: 'waiting for replication timed out' },
      },
      1,
    );
    const answers = await Promise.all(Array.from({ length: 8 }, () => chargeOne(credits, by, 1)));
    assert.ok(answers.every(({ granted }) => granted) && credits.isLocal());
    await credits.tend();
    await credits.tend();
    assert.equal((await allUsageEvents(store, { consumerId: by.consumer.id })).length, 8);
  });

  it('are refused where that is configured', async (t) => {
    const { credits } = await open(t, 'refuse', 'refuse');
    const by = payer(20);
    assert.equal((await chargeOne(credits, by, 1)).granted, true);
    await breakPools('refuse');
    await assert.rejects(chargeOne(credits, by, 1), { reason: 'STORE_UNAVAILABLE' });
    assert.equal(credits.isLocal(), false);
    await database.heal();
    assert.equal((await chargeOne(credits, by, 1)).granted, true);
  });
});
