import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { testClock } from '../../test/support/test-clock.ts';
import { createGathering } from './gathering.ts';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Rounds of ten at most, which end as soon as they begin; `block` holds them up. */
function openGathering() {
  const clock = testClock();
  const began: number[] = [];
  let waiting = 0;
  let blocked = false;
  const { schedule, idle } = createGathering({
    ready: () => (blocked ? 0 : waiting),
    roundSize: 10,
    begin: () => {
      if (!blocked && waiting > 0) began.push(waiting);
      if (!blocked) waiting = 0;
      return blocked;
    },
    monotonicMs: clock.monotonicMs,
  });
  /** So many come, and their turn ends. */
  const come = (count: number): Promise<unknown> => {
    waiting += count;
    schedule();
    return nextTurn();
  };
  const block = (on: boolean): void => {
    blocked = on;
    schedule();
  };
  return { clock, began, come, block, idle };
}

describe('a gathering', () => {
  it('begins with what comes alone at the end of its turn', async () => {
    const { began, come } = openGathering();
    for (let i = 0; i < 3; i += 1) {
      await come(1);
      assert.equal(began.length, i + 1);
    }
  });

  it('begins with all that turn after turn has brought in the first that brings nothing', async () => {
    const { began, come } = openGathering();
    for (const count of [3, 2, 1]) await come(count);
    assert.deepEqual(began, []);
    await nextTurn();
    assert.deepEqual(began, [6]);
  });

  it('waits for no more than fill a round', async () => {
    const { began, come } = openGathering();
    await come(12);
    await come(6);
    assert.deepEqual(began, [12]);
    await come(4);
    assert.deepEqual(began, [12, 10]);
  });

  it('waits 5 ms at most, however long turns are and whatever they bring', async () => {
    const { clock, began, come } = openGathering();
    await come(2);
    clock.advance(4.9);
    await come(2);
    assert.deepEqual(began, []);
    clock.advance(0.1);
    await come(2);
    assert.deepEqual(began, [6]);
    await come(2);
    clock.advance(100);
    await come(2);
    assert.deepEqual(began, [6, 4]);
  });

  it('begins anew when what is under way has ended', async () => {
    const { clock, began, come, block } = openGathering();
    block(true);
    for (let turn = 0; turn < 3; turn += 1) await come(2);
    clock.advance(100);
    block(false);
    await nextTurn();
    await come(1);
    assert.deepEqual(began, []);
    await nextTurn();
    assert.deepEqual(began, [7]);
  });

  it('is idle once nothing is under way, with all that was ready begun', async () => {
    const { began, come, block, idle } = openGathering();
    block(true);
    await come(2);
    let isIdle = false;
    const idled = idle().then(() => {
      isIdle = true;
    });
    for (let turn = 0; turn < 4; turn += 1) await nextTurn();
    assert.equal(isIdle, false);
    block(false);
    await idled;
    assert.deepEqual(began, [2]);
  });
});
