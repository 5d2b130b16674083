import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTurnEnd } from './turn-end.ts';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Work that counts what has come, and begins with all of it at once. */
function counted({ blocked = false } = {}) {
  const began: number[] = [];
  let waiting = 0;
  const work = {
    blocked,
    ready: () => (work.blocked ? 0 : waiting),
    begin: () => {
      if (!work.blocked && waiting > 0) began.push(waiting);
      if (!work.blocked) waiting = 0;
      return work.blocked;
    },
  };
  const end = createTurnEnd(work);
  const come = (count: number): void => {
    waiting += count;
    end.schedule();
  };
  return { work, end, began, come };
}

describe('the end of a turn', () => {
  it('sees to what comes alone at the end of its own turn', async () => {
    const { began, come } = counted();
    for (let i = 0; i < 3; i += 1) {
      come(1);
      await nextTurn();
      assert.equal(began.length, i + 1);
    }
  });

  it('sees together to what turn after turn brings, and begins with the first that brings nothing', async () => {
    const { began, come } = counted();
    for (const count of [3, 2, 1]) {
      come(count);
      await nextTurn();
    }
    assert.deepEqual(began, []);
    await nextTurn();
    assert.deepEqual(began, [6]);
  });

  it('begins after eight turns, whatever more comes', async () => {
    const { began, come } = counted();
    for (let turn = 0; turn < 16; turn += 1) {
      come(2);
      await nextTurn();
    }
    assert.deepEqual(began, [16, 16]);
  });

  it('gathers on when what is under way has ended', async () => {
    const { work, end, began, come } = counted({ blocked: true });
    come(4);
    for (let turn = 0; turn < 12; turn += 1) await nextTurn();
    work.blocked = false;
    end.schedule();
    await nextTurn();
    come(1);
    await nextTurn();
    assert.deepEqual(began, []);
    await nextTurn();
    assert.deepEqual(began, [5]);
  });

  it('is idle once nothing is under way, and has begun what was ready', async () => {
    const { work, end, began, come } = counted({ blocked: true });
    come(2);
    let idle = false;
    const idled = end.idle().then(() => {
      idle = true;
    });
    for (let turn = 0; turn < 4; turn += 1) await nextTurn();
    assert.equal(idle, false);
    work.blocked = false;
    end.schedule();
    await idled;
    assert.deepEqual(began, [2]);
  });
});
