import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createHeavyCalls, type HeavyCalls, WAIT_MAX_MS } from '../../src/domain/heavy-calls.ts';
import { refused } from './refusals.ts';

/** Timers that go off when the test says so. */
function handTimers() {
  const timers = new Map<() => void, number>();
  return {
    after: (ms: number, run: () => void) => {
      timers.set(run, ms);
      return () => void timers.delete(run);
    },
    waits: () => [...timers.values()],
    goOff: () => {
      for (const run of timers.keys()) run();
    },
  };
}

/** Work that has its place until it is told to end. */
function begin(calls: HeavyCalls, signal?: AbortSignal) {
  const held = Promise.withResolvers<string>();
  let begun = false;
  const done = calls.run(signal, () => {
    begun = true;
    return held.promise;
  });
  // Looked at where it matters; nobody else is to be told of a refusal.
  done.catch(() => undefined);
  return { done, hasBegun: () => begun, end: () => held.resolve('done'), fail: held.reject };
}

describe('heavy calls', () => {
  it('are under way as many at a time as may be, the others in the order of asking', async () => {
    const timers = handTimers();
    const calls = createHeavyCalls({ max: 2, after: timers.after });
    const all = [1, 2, 3, 4].map(() => begin(calls));
    const begun = () => all.map(({ hasBegun }) => hasBegun());
    assert.deepEqual(begun(), [true, true, false, false]);
    assert.deepEqual(timers.waits(), [WAIT_MAX_MS, WAIT_MAX_MS]);
    all[1]?.end();
    await all[1]?.done;
    await Promise.resolve();
    assert.deepEqual(begun(), [true, true, true, false]);
    for (const call of all) call.end();
    assert.deepEqual(await Promise.all(all.map(({ done }) => done)), ['done', 'done', 'done', 'done']);
    assert.deepEqual(timers.waits(), []);
  });

  it('give their place back when they fail', async () => {
    const calls = createHeavyCalls({ max: 1, after: handTimers().after });
    const failing = begin(calls);
    failing.fail(new Error('broken'));
    await assert.rejects(failing.done, /broken/);
    assert.equal(await calls.run(undefined, async () => 'served'), 'served');
  });

  it('are refused after 2 s without a place, with a time to try again', async () => {
    const timers = handTimers();
    const calls = createHeavyCalls({ max: 1, after: timers.after });
    const first = begin(calls);
    const second = begin(calls);
    timers.goOff();
    const error = await refused(second.done, 'HEAVY_CALLS_BUSY');
    assert.deepEqual([error.code, error.retryAfterMs], ['unavailable', 2000]);
    first.end();
    await first.done;
    assert.equal(await calls.run(undefined, async () => 'served'), 'served');
    assert.equal(second.hasBegun(), false);
  });

  it('leave the line when their caller goes, and do not join it for one who has gone', async () => {
    const timers = handTimers();
    const calls = createHeavyCalls({ max: 1, after: timers.after });
    const first = begin(calls);
    const caller = new AbortController();
    const second = begin(calls, caller.signal);
    const third = begin(calls);
    caller.abort();
    await refused(second.done, 'CANCELED');
    await refused(begin(calls, AbortSignal.abort()).done, 'CANCELED');
    assert.equal(timers.waits().length, 1);
    first.end();
    third.end();
    assert.equal(await third.done, 'done');
  });
});
