import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createKey } from '../../src/domain/create-key.ts';
import { createTier } from '../../src/domain/create-tier.ts';
import { grantTier } from '../../src/domain/grant-tier.ts';
import { revokeConsumer } from '../../src/domain/revoke-consumer.ts';
import { updateKey } from '../../src/domain/update-key.ts';
import { StoreError } from '../../src/store/errors.ts';
import { mustReport } from '../support/reporting.ts';
import { newKey, newTier } from './examples.ts';
import { contextOver, draw, unheard } from './open-pool.ts';
import { refused } from './refusals.ts';
import { openWaitingPool, settledRounds } from './waiting-pool.ts';

const CAPPED = { policy: { settleTimeoutMs: 60_000, maxInFlight: 1 } };
/** When the only unit of a key of the pool comes back. */
const BACK_MS = 10_500;

function first(ids: readonly string[]): string {
  return ids[0] ?? assert.fail('there is a key');
}

describe('a draw that waits', () => {
  it('has a key at once where there is one, and no timer is set', async (t) => {
    const { begin, keyIds, timers } = await openWaitingPool(t);
    assert.equal((await begin()).what(), first(keyIds));
    assert.equal(timers(), 0);
  });

  it('has it when the first unit comes back, first come first served, with one timer for all', async (t) => {
    const { begin, pass, timers, order, context } = await openWaitingPool(t, { keys: 2 });
    for (const requestId of ['x', 'y', 'a', 'b', 'c', 'd', 'e']) await begin({ requestId });
    assert.deepEqual([order.join(''), context.waitingLines.count(), timers()], ['xy', 5, 1]);
    await pass(BACK_MS - 1);
    assert.equal(order.join(''), 'xy');
    await pass(21);
    assert.equal(order.join(''), 'xyab');
    await pass(BACK_MS + 20);
    assert.equal(order.slice(0, 6).join(''), 'xyabcd');
    // The next unit comes back later than the last one waits: it need not wait for that.
    assert.deepEqual([order[6], context.waitingLines.count(), timers()], ['e', 0, 0]);
  });

  it('is refused with POOL_EXHAUSTED at once where no key comes back in time', async (t) => {
    const { begin, context, caller } = await openWaitingPool(t);
    await begin();
    const error = await refused(draw(context, caller, { maxWaitMs: 10_000 }), 'POOL_EXHAUSTED');
    assert.equal(error.retryAfterMs, BACK_MS);
  });

  it('is refused with POOL_EXHAUSTED when its wait is over, to the millisecond', async (t) => {
    const { begin, pass, timers } = await openWaitingPool(t, {
      tier: { policy: { settleTimeoutMs: 60_000 } },
    });
    await begin();
    // What is in flight may be reported at any time.
    const waiting = await begin({ maxWaitMs: 4000 });
    const longer = await begin({ maxWaitMs: 5000 });
    await pass(3999);
    assert.equal(waiting.what(), null);
    await pass(1);
    assert.deepEqual([waiting.what(), longer.what()], ['POOL_EXHAUSTED', null]);
    await pass(1000);
    assert.deepEqual([longer.what(), timers()], ['POOL_EXHAUSTED', 0]);
  });

  it('is refused with POOL_EMPTY at once where waiting does not help', async (t) => {
    const { begin, context, root, keyIds } = await openWaitingPool(t);
    await updateKey(context, root, { id: first(keyIds), etag: null, changes: { state: 'disabled' } });
    assert.equal((await begin()).what(), 'POOL_EMPTY');
  });

  it('is refused with POOL_EMPTY as soon as waiting helps no more', async (t) => {
    const { begin, context, root, keyIds } = await openWaitingPool(t);
    await begin();
    const waiting = [await begin(), await begin()];
    await updateKey(context, root, { id: first(keyIds), etag: null, changes: { state: 'disabled' } });
    await settledRounds();
    assert.deepEqual(
      waiting.map(({ what }) => what()),
      ['POOL_EMPTY', 'POOL_EMPTY'],
    );
  });

  it('is served at once by a new key, the first of the line', async (t) => {
    const { begin, context, root } = await openWaitingPool(t);
    await begin();
    const waiting = [await begin(), await begin()];
    const { id } = await createKey(context, root, { tierId: 'basic', key: newKey() });
    await settledRounds();
    assert.deepEqual(
      waiting.map(({ what }) => what()),
      [id, null],
    );
  });

  it('is served at once when a report ends a draw’s time in flight', async (t) => {
    const { begin, context, caller, timers } = await openWaitingPool(t, { limit: 10, tier: CAPPED });
    const inFlight = await draw(context, caller);
    const waiting = [await begin(), await begin()];
    await mustReport(context.store, inFlight);
    await settledRounds();
    assert.deepEqual(
      waiting.map(({ what }) => what()),
      [inFlight.keyId, null],
    );
    assert.equal(timers(), 1);
  });

  it('is served within a second of a report where nobody tells of that', async (t) => {
    const { context, caller, pass } = await openWaitingPool(t, { limit: 10, tier: CAPPED });
    const inFlight = await draw(context, caller);
    const deaf = unheard(t, context);
    const wait = draw(deaf, caller, { maxWaitMs: 30_000 });
    await settledRounds();
    assert.equal(deaf.waitingLines.count(), 1);
    await mustReport(context.store, inFlight);
    await pass(1000);
    assert.equal((await wait).keyId, inFlight.keyId);
  });

  it('waits out an outage of the store that begins meanwhile, and is refused so when that lasts', async (t) => {
    const { context, caller, pass } = await openWaitingPool(t);
    await draw(context, caller);
    let isOut = false;
    let rounds = 0;
    const shaky = contextOver(t, context, {
      drawRound: (draws, chosen) => {
        rounds += 1;
        return isOut
          ? Promise.reject(new StoreError('unavailable', 'out of reach'))
          : context.store.drawRound(draws, chosen);
      },
    });
    const short = refused(draw(shaky, caller, { maxWaitMs: BACK_MS + 2000 }), 'STORE_UNAVAILABLE');
    const long = Array.from({ length: 6 }, () => draw(shaky, caller, { maxWaitMs: 30_000 }));
    const others = Promise.allSettled(long);
    await settledRounds();
    const before = rounds;
    isOut = true;
    await pass(BACK_MS + 5000);
    await short;
    assert.equal(shaky.waitingLines.count(), 6);
    assert.ok(rounds - before <= 15, `${rounds - before} rounds`);
    isOut = false;
    await pass(1000);
    // One key, whose next unit comes back later.
    assert.equal(shaky.waitingLines.count(), 5);
    await pass(BACK_MS + 100);
    assert.deepEqual(
      (await others).map(({ status }) => status),
      ['fulfilled', 'fulfilled', ...Array(4).fill('rejected')],
    );
  });

  it('has a key of a tier that is granted meanwhile', async (t) => {
    const { context, root, caller, consumer, begin, pass } = await openWaitingPool(t);
    const features = [{ name: 'scrape', limits: [] }];
    await createTier(context, root, newTier({ id: 'other', features }));
    const { id } = await createKey(context, root, { tierId: 'other', key: newKey() });
    await draw(context, caller);
    const waiting = await begin({ maxWaitMs: 20_000 });
    await grantTier(context, root, { consumerId: consumer.id, tierId: 'other' });
    await settledRounds();
    await pass(50);
    assert.equal(waiting.what(), id);
  });

  it('tries no further round when its wait is over', async (t) => {
    const { context, caller, pass, clock } = await openWaitingPool(t);
    await draw(context, caller);
    let late = 0;
    const slow = contextOver(t, context, {
      drawRound: async (draws, chosen) => {
        const results = await context.store.drawRound(draws, chosen);
        if (results[0]?.kind !== 'drawn') return results;
        late += 1;
        clock.advance(3000);
        return results.map((result) => (result.kind === 'drawn' ? { ...result, leaveBy: -1 } : result));
      },
    });
    const wait = refused(draw(slow, caller, { maxWaitMs: BACK_MS + 2000 }), 'STORE_UNAVAILABLE');
    await settledRounds();
    await pass(BACK_MS + 20);
    await wait;
    assert.equal(late, 1);
  });

  it('leaves the line when its caller goes', async (t) => {
    const { begin, caller, pass, context, timers, order } = await openWaitingPool(t);
    await begin({ requestId: 'x' });
    const leave = new AbortController();
    const gone = await begin({ requestId: 'gone' }, { ...caller, signal: leave.signal });
    leave.abort();
    await gone.ended;
    assert.deepEqual([gone.what(), context.waitingLines.count(), timers()], ['CANCELED', 0, 0]);
    await begin({ requestId: 'next' });
    await pass(BACK_MS + 20);
    assert.deepEqual(order, ['x', 'gone', 'next']);
  });

  it('is refused as soon as its caller is revoked, and those behind it move up', async (t) => {
    const { begin, context, root, consumer, pass, keyIds } = await openWaitingPool(t);
    await begin();
    const revoked = await begin();
    const other = await begin({}, root);
    // The root token may draw from every tier, which here is the same.
    await revokeConsumer(context, root, { id: consumer.id, reason: 'left' });
    await settledRounds();
    assert.deepEqual([revoked.what(), other.what()], ['TOKEN_REVOKED', null]);
    await pass(BACK_MS + 20);
    assert.equal(other.what(), first(keyIds));
  });

  it('with a request id is the same draw as its retry, which waits too', async (t) => {
    const { begin, pass, context } = await openWaitingPool(t);
    await begin();
    const twice = [await begin({ requestId: 'mine' }), await begin({ requestId: 'mine' })];
    await pass(BACK_MS + 40);
    const [a, b] = twice.map(({ what }) => what());
    assert.deepEqual([a !== null && a === b, context.waitingLines.count()], [true, 0]);
  });

  it('is refused with SHUTTING_DOWN at once when the process stops', async (t) => {
    const { begin, context, timers } = await openWaitingPool(t);
    await begin();
    const waiting = [await begin(), await begin()];
    context.waitingLines.close();
    await Promise.all(waiting.map(({ ended }) => ended));
    assert.deepEqual(
      waiting.map(({ what }) => what()),
      ['SHUTTING_DOWN', 'SHUTTING_DOWN'],
    );
    assert.equal((await begin()).what(), 'SHUTTING_DOWN');
    assert.equal(timers(), 0);
  });
});

describe('a draw that does not wait', () => {
  it('does not overtake those that do, and hears when to come back', async (t) => {
    const { begin, pass, context, caller, clock } = await openWaitingPool(t);
    await begin();
    const waiting = await begin();
    // The unit is back; the line's timer has not run yet.
    clock.advance(BACK_MS);
    const error = await refused(draw(context, caller), 'POOL_EXHAUSTED');
    assert.equal(error.retryAfterMs, 100);
    await pass(BACK_MS);
    assert.notEqual(waiting.what(), null);
  });

  it('is served when those of another kind wait', async (t) => {
    const { begin, context, caller } = await openWaitingPool(t, { limit: 3 });
    await begin({ units: 2 });
    await begin({ units: 2 });
    assert.equal(context.waitingLines.count(), 1);
    await draw(context, caller);
  });
});
