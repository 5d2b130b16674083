import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { testClock } from '../../../test/support/test-clock.ts';
import { followStoreClock } from './store-clock.ts';

/** By how much the server's clock is before the monotonic one, in ms. */
const OFFSET_MS = 1_700_000_000_000.25;

/** How long a question is under way to the server, and its answer back, in ms. */
type Trip = readonly [there: number, back: number];

/** A clock that follows a server. */
async function followed(t: TestContext, first: Trip) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const clock = testClock();
  const server = { trip: first as Trip | null, offsetMs: OFFSET_MS };
  const warnings: string[] = [];
  const readServerMs = async (): Promise<number> => {
    if (server.trip === null) throw new Error('out of reach');
    const [there, back] = server.trip;
    clock.advance(there);
    const now = Math.floor(clock.monotonicMs() + server.offsetMs);
    clock.advance(back);
    return now;
  };
  const store = await followStoreClock(clock, readServerMs, (message) => warnings.push(message));
  t.after(store.close);
  const ask = async (trip: Trip | null, afterMs = 0): Promise<void> => {
    server.trip = trip;
    clock.advance(afterMs);
    t.mock.timers.tick(1000);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const assertKnown = (mostMs: number): void => {
    const off = Math.abs(store.nowMs() - (clock.monotonicMs() + server.offsetMs));
    const known = store.uncertainMs();
    assert.ok(off <= known && known <= mostMs, `${off} ms off, at most ${known}`);
  };
  return { server, store, warnings, ask, assertKnown };
}

describe("the server's clock", () => {
  it('is known as well as the quickest question tells, whichever way took the time', async (t) => {
    const { ask, assertKnown } = await followed(t, [100, 0]);
    assertKnown(50.5);
    await ask([0, 40]);
    assertKnown(41);
    await ask([30, 0]);
    assertKnown(31);
    await ask([3, 1]);
    assertKnown(5);
    await ask([60, 0]);
    assertKnown(5);
    await ask([0, 60]);
    assertKnown(5);
  });

  it('is known a little worse with time, while questions are slow or not answered', async (t) => {
    const { store, ask, assertKnown } = await followed(t, [1, 1]);
    const known = store.uncertainMs();
    await ask(null, 60_000);
    await ask([50, 50], 60_000 - 100);
    assert.ok(Math.abs(store.uncertainMs() - known - 6) < 0.01);
    await ask([1, 1]);
    assertKnown(3);
  });

  it('is followed, and told of, where it jumps', async (t) => {
    const { server, store, warnings, ask, assertKnown } = await followed(t, [1, 1]);
    assert.equal(store.lastJump(), null);
    server.offsetMs += 1000;
    await ask([1, 1]);
    assertKnown(3);
    assert.ok(Math.abs((store.lastJump()?.byMs ?? 0) - 1000) <= 3);
    assert.equal(warnings.length, 1);
    server.offsetMs += 10;
    await ask([1, 1]);
    assertKnown(3);
    assert.equal(warnings.length, 1, 'half of the least guard is no jump');
  });
});
