import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { QueueName } from './tier.ts';
import { createVirtualTime, STRIDE, sharesOf, TURN_MIN } from './virtual-time.ts';

const A: QueueName = 'tier|a';
const B: QueueName = 'tier|b';

/** The same by making the draws one by one. */
function oneByOne(turns: readonly number[], draws: number): number[] {
  const at = [...turns];
  const shares = turns.map(() => 0);
  for (let made = 0; made < draws; made += 1) {
    const next = at.indexOf(Math.min(...at));
    at[next] = (at[next] ?? 0) + STRIDE;
    shares[next] = (shares[next] ?? 0) + 1;
  }
  return shares;
}

describe('the shares of keys in a round', () => {
  it('are those of draws made one after another', () => {
    const turns = fc.array(fc.integer({ min: 0, max: 20 * STRIDE }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(turns, fc.integer({ min: 1, max: 100 }), (some, draws) => {
        const ascending = some.toSorted((a, b) => a - b);
        assert.deepEqual(sharesOf(ascending, draws), oneByOne(ascending, draws));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('virtual time', () => {
  it('lets a key that was away go on at the present, and one that is ahead where it stands', () => {
    const time = createVirtualTime(() => 0);
    time.chose([A], TURN_MIN + 50 * STRIDE, 1);
    assert.equal(time.turnOf([A], 7), TURN_MIN + 50 * STRIDE);
    assert.equal(time.turnOf([A], TURN_MIN + 51 * STRIDE), TURN_MIN + 51 * STRIDE);
  });

  it('leaves keys what rounds of many draws have put them behind others', () => {
    const time = createVirtualTime(() => 0);
    time.chose([A], TURN_MIN + 50 * STRIDE, 8);
    assert.equal(time.turnOf([A], TURN_MIN + 43 * STRIDE), TURN_MIN + 43 * STRIDE);
    assert.equal(time.turnOf([A], 0), TURN_MIN + 42 * STRIDE);
    for (let round = 0; round < 300; round += 1) time.chose([A], TURN_MIN + 50 * STRIDE, 1);
    assert.equal(time.turnOf([A], 0), TURN_MIN + 50 * STRIDE, 'and forgets it when rounds are small again');
  });

  it('is one for queues that are drawn from together, and never runs backwards', () => {
    const time = createVirtualTime(() => 0);
    time.chose([A], TURN_MIN + 9 * STRIDE, 1);
    assert.equal(time.turnOf([B], 0), TURN_MIN);
    time.chose([A, B], TURN_MIN + 3 * STRIDE, 1);
    assert.equal(time.turnOf([B], 0), TURN_MIN + 9 * STRIDE);
  });

  it('begins where a process finds it', () => {
    const time = createVirtualTime(() => 0);
    assert.equal(time.knows(A), false);
    time.begin(A, TURN_MIN + 5);
    assert.ok(time.knows(A));
    assert.equal(time.turnOf([A], 0), TURN_MIN + 5);
  });

  it('is looked for anew in a queue that was not drawn from for a while', () => {
    let now = 0;
    const time = createVirtualTime(() => now);
    time.begin(A, TURN_MIN);
    now = 4999;
    assert.ok(time.knows(A));
    time.chose([A], TURN_MIN, 1);
    now = 9998;
    assert.ok(time.knows(A));
    now = 9999;
    assert.equal(time.knows(A), false);
  });
});
