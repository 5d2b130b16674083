import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Granted, limitOf, limits, runMeter, steps, takeUnits } from '../../test/support/meter-run.ts';
import { meterId, nextUnderAll } from './meter.ts';
import { guardMs, type Limit } from './tier.ts';

const fixed = limits('fixed');
const one = { units: 1, count: 1 };

/** The grants by the window they fell into: each begins with the first one that is not in the window before. */
function windows(log: readonly Granted[], limit: Limit): Granted[][] {
  const all: Granted[][] = [];
  for (const grant of log) {
    const current = all.at(-1);
    const start = current?.[0]?.at;
    if (current && start !== undefined && grant.at < start + limit.windowMs) current.push(grant);
    else all.push([grant]);
  }
  return all;
}

describe('a fixed window', () => {
  it('starts at its first unit and grants no more than its limit until it ends', () => {
    fc.assert(
      fc.property(fixed, steps, (limit, run) => {
        for (const window of windows(runMeter([limit], run).log, limit)) {
          assert.ok(window.reduce((sum, grant) => sum + grant.n, 0) <= limit.limit);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('grants nothing from a guard before its end to a guard after it', () => {
    fc.assert(
      fc.property(fixed, steps, (limit, run) => {
        const all = windows(runMeter([limit], run).log, limit);
        for (const [i, [first, ...rest]] of all.entries()) {
          const start = first?.at ?? assert.fail('a window begins with a grant');
          const next = all[i + 1]?.[0]?.at ?? Infinity;
          assert.ok(next >= start + limit.windowMs + guardMs(limit));
          for (const grant of rest) assert.ok(grant.at < start + limit.windowMs - guardMs(limit));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('gives a unit back at the moment it names, and not a millisecond before', () => {
    fc.assert(
      fc.property(fixed, steps, (limit, run) => {
        const { states, log } = runMeter([limit], run);
        const state = states.at(-1) ?? {};
        const now = log.at(-1)?.at ?? 0;
        const at = nextUnderAll(state, [limit], 1, now) ?? assert.fail('a limit of at least one never ends');
        assert.equal(takeUnits(state, [limit], one, at).granted, 1);
        if (at > now) assert.equal(takeUnits(state, [limit], one, at - 1).granted, 0);
      }),
    );
  });

  it('opens for its whole limit a guard after its end', () => {
    const limit = limitOf('fixed', 3, 10_000, 200);
    const spent = takeUnits({}, [limit], { units: 1, count: 9 }, 0);
    assert.equal(spent.granted, 3);
    assert.equal(spent.nextOneAt, 10_200);
    const again = takeUnits(spent.states, [limit], { units: 1, count: 9 }, 10_200);
    assert.equal(again.granted, 3);
  });

  it('forgets a window that is over', () => {
    const limit = limitOf('fixed', 3, 10_000, 200);
    const spent = takeUnits({}, [limit], one, 0);
    const later = takeUnits(spent.states, [limit], { units: 5, count: 1 }, 10_200);
    assert.equal(later.granted, 0);
    assert.equal(later.states[meterId(limit)], undefined);
  });
});
