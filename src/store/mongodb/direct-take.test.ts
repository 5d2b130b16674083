import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { limitOf } from '../../../test/support/meter-run.ts';
import { testClock } from '../../../test/support/test-clock.ts';
import type { Limit } from '../../model/tier.ts';
import { createDirectTakes } from './direct-take.ts';
import type { Room, Stamped } from './roomy-take.ts';

/** The begin of a bucket of every window below. */
const NOW = 1_700_000_040_000;
const MINUTE = limitOf('sliding', 100, 60_000);

function roomWith({ takenAt = 0, units = 0, count = 0 }: Partial<Stamped> & { takenAt?: number } = {}): Room {
  const row = { expireAt: null, takenAt, open: [], budgets: [], version: 1 };
  return { units: 1000, row, rank: 1, stamped: [{ units, count }] };
}

/** `now`: the store's time as known, that may be off by `uncertain`, in ms. */
function directs({ now = NOW + 0.5, uncertain = 0 } = {}) {
  const clock = testClock();
  const time = { nowMs: () => now, uncertainMs: () => uncertain };
  const takes = createDirectTakes(clock.monotonicMs, time);
  const momentOf = (limits: readonly Limit[], room = roomWith()) => takes.momentOf(room, limits);
  return { clock, takes, momentOf };
}

describe('a direct take', () => {
  it('is made when the store is at least, and may be carried out for 50 ms', () => {
    assert.deepEqual(directs().momentOf([]), { at: NOW, by: NOW + 50 });
    assert.deepEqual(directs({ uncertain: 3 }).momentOf([]), { at: NOW - 3, by: NOW + 50 });
  });

  it('is carried out before the end of the stamps that its units count in', () => {
    assert.deepEqual(directs({ now: NOW + 940 }).momentOf([MINUTE]), { at: NOW + 940, by: NOW + 990 });
    assert.deepEqual(directs({ now: NOW + 960 }).momentOf([MINUTE]), { at: NOW + 960, by: NOW + 1000 });
    assert.equal(directs({ now: NOW + 981 }).momentOf([MINUTE]), null);
    const halfMinute = limitOf('sliding', 100, 30_000);
    assert.deepEqual(directs({ now: NOW + 470 }).momentOf([MINUTE, halfMinute]), {
      at: NOW + 470,
      by: NOW + 500,
    });
  });

  it('does not count under limits whose stamps are exact, or of short windows', () => {
    assert.equal(directs().momentOf([limitOf('sliding', 32, 60_000)]), null);
    assert.equal(directs({ now: NOW + 1 }).momentOf([limitOf('sliding', 100, 1200)]), null);
  });

  it('is made no earlier than the last take of its row, and not where that was in the future', () => {
    const uncertain = directs({ uncertain: 3 });
    assert.deepEqual(uncertain.momentOf([], roomWith({ takenAt: NOW - 1 })), { at: NOW - 1, by: NOW + 50 });
    assert.equal(uncertain.momentOf([], roomWith({ takenAt: NOW + 1 })), null);
  });

  it('is left to a pipeline where stamps that count no more should leave', () => {
    const { momentOf } = directs({ now: NOW + 500 });
    assert.notEqual(momentOf([MINUTE], roomWith({ units: 50, count: 10 })), null);
    assert.equal(momentOf([MINUTE], roomWith({ units: 51, count: 10 })), null);
    // 60 of the window, 1 of its guard, and the one that is counted in.
    const live = 62;
    assert.notEqual(momentOf([MINUTE], roomWith({ units: 1, count: live + 15 })), null);
    assert.equal(momentOf([MINUTE], roomWith({ units: 1, count: live + 16 })), null);
  });

  it('is left to a pipeline where the server is far', () => {
    assert.notEqual(directs({ uncertain: 12 }).momentOf([]), null);
    assert.equal(directs({ uncertain: 13 }).momentOf([]), null);
  });

  it('is left to a pipeline for a second after eight in a row were refused', () => {
    const { clock, takes, momentOf } = directs();
    takes.answered(0, 7);
    takes.answered(1, 7);
    takes.answered(0, 4);
    takes.answered(0, 0);
    takes.answered(0, 3);
    assert.notEqual(momentOf([]), null);
    takes.answered(0, 1);
    assert.equal(momentOf([]), null);
    clock.advance(1000);
    assert.notEqual(momentOf([]), null);
    takes.answered(0, 7);
    assert.notEqual(momentOf([]), null);
  });
});
