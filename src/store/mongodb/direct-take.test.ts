import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { limitOf } from '../../../test/support/meter-run.ts';
import { testClock } from '../../../test/support/test-clock.ts';
import type { Limit } from '../../model/tier.ts';
import { createDirectTakes } from './direct-take.ts';
import type { Room, Stamped } from './roomy-take.ts';

const NOW = 1_700_000_000_000;
const NONE: Stamped = { units: 0, count: 0 };

function roomWith({
  takenAt = 0,
  stamped = [NONE],
}: {
  takenAt?: number;
  stamped?: readonly Stamped[];
}): Room {
  const row = { expireAt: null, takenAt, open: [], budgets: [], version: 1 };
  return { units: 1000, row, rank: 1, stamped };
}

function directs(tripMs = 1) {
  const clock = testClock();
  const takes = createDirectTakes(clock.monotonicMs, () => tripMs);
  const momentOf = (limits: readonly Limit[], room = roomWith({})) => takes.momentOf(room, limits, NOW);
  return { clock, takes, momentOf };
}

describe('a take that is worked out here', () => {
  it('counts up to 50 ms later than the store is thought to be, and no more than a sixtieth of a window', () => {
    const { momentOf } = directs();
    assert.deepEqual(momentOf([]), { at: NOW, countedAt: NOW + 50 });
    assert.deepEqual(momentOf([limitOf('sliding', 10, 60_000)]), { at: NOW, countedAt: NOW + 50 });
    assert.deepEqual(momentOf([limitOf('sliding', 10, 60_000), limitOf('sliding', 5, 1800)]), {
      at: NOW,
      countedAt: NOW + 30,
    });
    assert.equal(momentOf([limitOf('sliding', 10, 1000)]), null);
  });

  it('counts no later than a guard makes up for', () => {
    const { momentOf } = directs();
    const guarded = (guardMs: number) => limitOf('sliding', 10, 60_000, guardMs);
    assert.deepEqual(momentOf([guarded(25)]), { at: NOW, countedAt: NOW + 25 });
    assert.equal(momentOf([guarded(0)]), null);
  });

  it('comes after the last one of its row, unless that is too far ahead', () => {
    const { momentOf } = directs();
    assert.deepEqual(momentOf([], roomWith({ takenAt: NOW + 40, stamped: [] })), {
      at: NOW + 40,
      countedAt: NOW + 50,
    });
    assert.equal(momentOf([], roomWith({ takenAt: NOW + 51, stamped: [] })), null);
  });

  it('is left to a pipeline where stamps that count no more should leave', () => {
    const { momentOf } = directs();
    const limits = [limitOf('sliding', 100, 60_000)];
    const withStamps = (units: number, count: number) => roomWith({ stamped: [{ units, count }] });
    assert.notEqual(momentOf(limits, withStamps(50, 10)), null);
    assert.equal(momentOf(limits, withStamps(51, 10)), null);
    assert.notEqual(momentOf(limits, withStamps(1, 63)), null);
    assert.equal(momentOf(limits, withStamps(1, 64)), null);
  });

  it('is left to a pipeline where the server is far, and for a second after one that came too late', () => {
    assert.equal(directs(26).momentOf([]), null);
    const { clock, takes, momentOf } = directs(25);
    const moment = momentOf([]);
    assert.ok(moment !== null);
    takes.unmet(moment, moment.countedAt);
    assert.notEqual(momentOf([]), null, 'it was in time: something else had changed');
    takes.unmet(moment, moment.countedAt + 1);
    assert.equal(momentOf([]), null);
    clock.advance(1000);
    assert.notEqual(momentOf([]), null);
  });
});
