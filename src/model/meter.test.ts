import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  fullestWindow,
  leaving,
  limitOf,
  limits,
  runMeter,
  steps,
  takeUnits,
} from '../../test/support/meter-run.ts';
import { EXACT_UNITS_MAX, meterId, nextUnderAll, stampGrainMs } from './meter.ts';
import { guardMs } from './tier.ts';

const sliding = limits('sliding');
const one = { units: 1, count: 1 };

describe('a sliding window', () => {
  it('grants no more than its limit in any trailing window, wherever it starts', () => {
    fc.assert(
      fc.property(sliding, steps, (limit, run) => {
        const { log } = runMeter([limit], run);
        assert.ok(fullestWindow(log, limit.windowMs) <= limit.limit);
      }),
      { numRuns: 500 },
    );
  });

  it('holds for the moments of leaving too, each unit up to half a guard after its grant', () => {
    const delays = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(sliding, steps, delays, (limit, run, fractions) => {
        const { log } = runMeter([limit], run);
        assert.ok(fullestWindow(leaving(log, limit, fractions), limit.windowMs) <= limit.limit);
      }),
      { numRuns: 300 },
    );
  });

  it('gives a unit back at the moment it names, and not a millisecond before', () => {
    fc.assert(
      fc.property(sliding, steps, (limit, run) => {
        const { states, log } = runMeter([limit], run);
        const state = states.at(-1) ?? {};
        const now = log.at(-1)?.at ?? 0;
        const at = nextUnderAll(state, [limit], 1, now) ?? assert.fail('a limit of at least one never ends');
        assert.equal(takeUnits(state, [limit], one, at).granted, 1);
        if (at > now) assert.equal(takeUnits(state, [limit], one, at - 1).granted, 0);
      }),
      { numRuns: 500 },
    );
  });

  it('names the moment for several units as exactly, and none for more than the limit', () => {
    fc.assert(
      fc.property(sliding, steps, fc.integer({ min: 1, max: 600 }), (limit, run, units) => {
        const { states, log } = runMeter([limit], run);
        const state = states.at(-1) ?? {};
        const now = log.at(-1)?.at ?? 0;
        const at = nextUnderAll(state, [limit], units, now);
        if (at === null) return assert.ok(units > limit.limit);
        assert.equal(takeUnits(state, [limit], { units, count: 1 }, at).granted, units);
        if (at > now) assert.equal(takeUnits(state, [limit], { units, count: 1 }, at - 1).granted, 0);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the count of a sliding window', () => {
  it(`is exact up to ${EXACT_UNITS_MAX} units: each comes back a window and a guard after its grant`, () => {
    const exact = sliding.filter(({ limit }) => limit <= EXACT_UNITS_MAX);
    fc.assert(
      fc.property(exact, fc.integer({ min: 0, max: 1_000_000 }), (limit, now) => {
        const took = takeUnits({}, [limit], { units: 1, count: limit.limit }, now);
        assert.equal(took.granted, limit.limit);
        assert.equal(took.nextOneAt, now + limit.windowMs + guardMs(limit));
      }),
    );
  });

  it('wastes at most a sixtieth of its window beside the guard', () => {
    fc.assert(
      fc.property(sliding, fc.integer({ min: 0, max: 1_000_000 }), (limit, now) => {
        const took = takeUnits({}, [limit], { units: 1, count: limit.limit }, now);
        const waste = took.nextOneAt - (now + limit.windowMs + guardMs(limit));
        assert.ok(waste >= 0 && waste < Math.max(1, Math.ceil(limit.windowMs / 60)));
      }),
    );
  });

  it('keeps a bounded state, however long it runs', () => {
    fc.assert(
      fc.property(sliding, steps, (limit, run) => {
        const { states } = runMeter([limit], run);
        const spanMs = limit.windowMs + guardMs(limit);
        const max = Math.min(limit.limit, Math.ceil(spanMs / stampGrainMs(limit)) + 1);
        for (const state of states) {
          const meter = state[meterId(limit)];
          if (meter !== undefined && 'stamps' in meter) assert.ok(meter.stamps.length <= max);
        }
      }),
    );
  });

  it('keeps at most 65 stamps under a limit of a million with the default guard', () => {
    const limit = limitOf('sliding', 1_000_000, 3_600_000);
    const run = Array.from({ length: 500 }, () => ({ gapMs: 20_000, units: 1, count: 10 }));
    const meter = runMeter([limit], run).states.at(-1)?.[meterId(limit)];
    assert.ok(meter !== undefined && 'stamps' in meter && meter.stamps.length <= 65);
  });

  it('grants whole draws only', () => {
    const limit = limitOf('sliding', 10, 1000);
    const took = takeUnits({}, [limit], { units: 4, count: 5 }, 0);
    assert.equal(took.granted, 8);
    assert.equal(took.nextOneAt, 0);
    assert.equal(took.nextAt, 1000 + guardMs(limit));
  });
});
