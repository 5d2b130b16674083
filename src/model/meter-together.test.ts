import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  anyLimit,
  fullestWindow,
  limitOf,
  limits,
  runMeter,
  steps,
  takeUnits,
} from '../../test/support/meter-run.ts';
import { freeUnderAll, type MeterStates, meterId, nextUnderAll } from './meter.ts';
import type { Limit } from './tier.ts';

const one = { units: 1, count: 1 };

function several(of: fc.Arbitrary<Limit>): fc.Arbitrary<Limit[]> {
  return fc.uniqueArray(of, { minLength: 2, maxLength: 4, selector: meterId });
}

describe('several limits of one feature', () => {
  it('hold together', () => {
    fc.assert(
      fc.property(several(anyLimit), steps, (under, run) => {
        const { log } = runMeter(under, run);
        for (const limit of under) {
          const share = limit.algorithm === 'sliding' ? 1 : 2;
          assert.ok(fullestWindow(log, limit.windowMs) <= share * limit.limit);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('grant what the tightest of them grants', () => {
    fc.assert(
      fc.property(several(anyLimit), steps, fc.integer({ min: 0, max: 5000 }), (under, run, gapMs) => {
        const { states, log } = runMeter(under, run);
        const state = states.at(-1) ?? {};
        const now = (log.at(-1)?.at ?? 0) + gapMs;
        const tightest = Math.min(...under.map((limit) => freeUnderAll(state, [limit], now)));
        assert.equal(takeUnits(state, under, { units: 1, count: 1000 }, now).granted, tightest);
      }),
    );
  });

  it('give a sliding unit back at the moment they name, and not a millisecond before', () => {
    fc.assert(
      fc.property(several(limits('sliding')), steps, (under, run) => {
        const { states, log } = runMeter(under, run);
        const state = states.at(-1) ?? {};
        const now = log.at(-1)?.at ?? 0;
        const at = nextUnderAll(state, under, 1, now) ?? assert.fail('each is at least one');
        assert.equal(takeUnits(state, under, one, at).granted, 1);
        if (at > now) assert.equal(takeUnits(state, under, one, at - 1).granted, 0);
      }),
    );
  });

  it('never grant before the moment they name, and come to grant by following it', () => {
    fc.assert(
      fc.property(several(anyLimit), steps, (under, run) => {
        const { states, log } = runMeter(under, run);
        const state = states.at(-1) ?? {};
        let now = log.at(-1)?.at ?? 0;
        // A fixed window may close while another limit is waited for: once for each of them.
        for (let waits = 0; waits <= under.length; waits++) {
          const at = nextUnderAll(state, under, 1, now) ?? assert.fail('each is at least one');
          if (at > now) assert.equal(takeUnits(state, under, one, at - 1).granted, 0);
          if (takeUnits(state, under, one, at).granted === 1) return;
          now = at;
        }
        assert.fail('a key waits longer than each of its limits once');
      }),
    );
  });

  it('are none at all where a feature has none', () => {
    const took = takeUnits({}, [], { units: 7, count: 1000 }, 5);
    assert.deepEqual(took, { granted: 7000, states: {}, nextOneAt: 5, nextAt: 5 });
  });
});

describe('an edited limit', () => {
  const edits = fc.array(
    fc.record({
      limit: fc.integer({ min: 1, max: 80 }),
      gapMs: fc.integer({ min: 0, max: 700 }),
      count: fc.integer({ min: 1, max: 60 }),
    }),
    { minLength: 2, maxLength: 60 },
  );

  it('goes on counting where it was: no grant takes a window over the limit in force', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 5000 }), edits, (windowMs, run) => {
        let states: MeterStates = {};
        let now = 0;
        const log: { at: number; n: number }[] = [];
        for (const { limit, gapMs, count } of run) {
          now += gapMs;
          const took = takeUnits(states, [limitOf('sliding', limit, windowMs)], { units: 1, count }, now);
          states = took.states;
          log.push({ at: now, n: took.granted });
          const inWindow = log.filter(({ at }) => at > now - windowMs).reduce((sum, { n }) => sum + n, 0);
          if (took.granted > 0) assert.ok(inWindow <= limit);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('that is lowered below what was used grants again when enough has left', () => {
    const before = takeUnits({}, [limitOf('sliding', 10, 1000)], { units: 1, count: 10 }, 0);
    const lowered = limitOf('sliding', 2, 1000);
    assert.equal(takeUnits(before.states, [lowered], one, 1099).granted, 0);
    assert.equal(takeUnits(before.states, [lowered], { units: 1, count: 10 }, 1100).granted, 2);
  });

  it('that is raised grants the difference at once', () => {
    const before = takeUnits({}, [limitOf('fixed', 10, 1000)], { units: 1, count: 10 }, 0);
    const raised = limitOf('fixed', 15, 1000);
    assert.equal(takeUnits(before.states, [raised], { units: 1, count: 10 }, 100).granted, 5);
  });
});
