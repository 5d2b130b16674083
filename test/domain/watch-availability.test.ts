import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createAvailabilityWatches } from '../../src/domain/availability-watches.ts';
import type { Call, Context } from '../../src/domain/context.ts';
import { createKey } from '../../src/domain/create-key.ts';
import { revokeConsumer } from '../../src/domain/revoke-consumer.ts';
import { revokeGrant } from '../../src/domain/revoke-grant.ts';
import { watchAvailability } from '../../src/domain/watch-availability.ts';
import { newKey } from './examples.ts';
import { draw } from './open-pool.ts';
import { openWaitingPool, settledRounds, type WaitingPool } from './waiting-pool.ts';

const BACK_MS = 10_500;
const SCRAPE = { feature: 'scrape' };

interface Followed {
  /** How many keys were available, as told. */
  readonly told: readonly number[];
  /** The reason for which it ended; null while it goes on. */
  readonly ended: () => string | null;
}

function follow(context: Context, call: Call, input = SCRAPE): Followed {
  const told: number[] = [];
  let ended: string | null = null;
  const read = async (): Promise<void> => {
    for await (const { available } of watchAvailability(context, call, input)) told.push(available);
  };
  read().catch((error: unknown) => {
    ended = error instanceof Error && 'reason' in error ? String(error.reason) : String(error);
  });
  return { told, ended: () => ended };
}

/** A pool on which looks are counted. */
async function openWatched(
  t: TestContext,
  keys = 2,
): Promise<WaitingPool & { readonly looks: () => number }> {
  const pool = await openWaitingPool(t, { keys });
  const { store, clock, after } = pool.context;
  let looks = 0;
  const counting: typeof store = {
    ...store,
    availability: (queues, cap) => {
      looks += 1;
      return store.availability(queues, cap);
    },
  };
  const availabilityWatches = createAvailabilityWatches({ store: counting, clock, after });
  return { ...pool, context: { ...pool.context, availabilityWatches }, looks: () => looks };
}

describe('a watch of availability', () => {
  it('tells what there is at once, and again when a draw has changed it', async (t) => {
    const { context, caller, pass } = await openWatched(t);
    const { told } = follow(context, caller);
    await settledRounds();
    assert.deepEqual(told, [2]);
    await draw(context, caller);
    await pass(110);
    assert.deepEqual(told, [2, 1]);
    await draw(context, caller);
    await pass(110);
    assert.deepEqual(told, [2, 1, 0]);
  });

  it('tells when the first key is due, not a look later', async (t) => {
    const { context, caller, pass } = await openWatched(t, 1);
    await draw(context, caller);
    const { told } = follow(context, caller);
    await pass(BACK_MS - 1);
    assert.deepEqual(told, [0]);
    await pass(110);
    assert.deepEqual(told, [0, 1]);
  });

  it('tells many changes as one, and none twice', async (t) => {
    const { context, root, caller, pass } = await openWatched(t);
    const { told } = follow(context, caller);
    await settledRounds();
    for (let i = 0; i < 5; i += 1) await createKey(context, root, { tierId: 'basic', key: newKey() });
    await settledRounds();
    assert.deepEqual(told, [2]);
    await pass(220);
    assert.deepEqual(told, [2, 7]);
    await pass(5000);
    assert.deepEqual(told, [2, 7]);
  });

  it('shares its looks with all others of the same queues, and nobody looks for nobody', async (t) => {
    const { context, caller, pass, looks, timers } = await openWatched(t);
    const leave = new AbortController();
    const call = { ...caller, signal: leave.signal };
    const watches = Array.from({ length: 50 }, () => follow(context, call));
    await settledRounds();
    assert.ok(looks() <= 2, `${looks()} looks`);
    await pass(3000);
    assert.ok(looks() <= 6, `${looks()} looks`);
    leave.abort();
    await settledRounds();
    assert.deepEqual([...new Set(watches.map(({ ended }) => ended()))], ['CANCELED']);
    assert.deepEqual([context.availabilityWatches.count(), timers()], [0, 0]);
    const before = looks();
    await pass(3000);
    assert.equal(looks(), before);
  });

  it('that comes later is told at once too', async (t) => {
    const { context, caller, pass } = await openWatched(t);
    follow(context, caller);
    await settledRounds();
    await pass(500);
    const { told } = follow(context, caller);
    await settledRounds();
    await pass(10);
    assert.deepEqual(told, [2]);
  });

  it('ends within a second when its caller is revoked, or its grant', async (t) => {
    for (const reason of ['TOKEN_REVOKED', 'FEATURE_NOT_GRANTED']) {
      const { context, root, caller, consumer, pass } = await openWatched(t);
      const { ended } = follow(context, caller);
      await settledRounds();
      if (reason === 'TOKEN_REVOKED')
        await revokeConsumer(context, root, { id: consumer.id, reason: 'left' });
      else await revokeGrant(context, root, { consumerId: consumer.id, tierId: 'basic' });
      await pass(1000);
      assert.equal(ended(), reason);
      assert.equal(context.availabilityWatches.count(), 0);
    }
  });

  it('is refused with OVERLOADED when too many watch, and lives on with those that do', async (t) => {
    const { context, caller, pass } = await openWatched(t);
    const { store, clock, after } = context;
    const crowded = {
      ...context,
      availabilityWatches: createAvailabilityWatches({ store, clock, after, max: 2 }),
    };
    const watches = [1, 2, 3].map(() => follow(crowded, caller));
    await settledRounds();
    assert.deepEqual(
      watches.map(({ ended }) => ended()),
      [null, null, 'OVERLOADED'],
    );
    await draw(crowded, caller);
    await pass(220);
    assert.deepEqual(watches[1]?.told, [2, 1]);
  });

  it('ends with SHUTTING_DOWN when the process stops, and with STORE_UNAVAILABLE when the store is gone', async (t) => {
    const stopped = await openWatched(t);
    const one = follow(stopped.context, stopped.caller);
    await settledRounds();
    stopped.context.availabilityWatches.close();
    await settledRounds();
    assert.deepEqual([one.ended(), stopped.timers()], ['SHUTTING_DOWN', 0]);
    const gone = await openWatched(t);
    const other = follow(gone.context, gone.caller);
    await settledRounds();
    await gone.context.store.close();
    await gone.pass(2000);
    assert.equal(other.ended(), 'STORE_UNAVAILABLE');
  });
});
