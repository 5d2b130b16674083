import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { chargePools, standingOf } from './credit.ts';
import {
  type CreditMeter,
  closedMeter,
  EMPTY_METER,
  freeOf,
  liveMeter,
  meterOf,
  type OpenPool,
  standingIn,
} from './credit-meter.ts';
import { type MeterStates, meterId } from './meter.ts';
import type { Limit } from './tier.ts';

const START = 1_700_000_000_000;

const limit: fc.Arbitrary<Limit> = fc
  .oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 30, max: 500 }))
  .map((credits) => ({ limit: credits, windowMs: 3210, algorithm: 'sliding', guardMs: null }));

/** Rounds of charges, with an edit of the limit now and then. */
const rounds = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.integer({ min: -50, max: 5 }), fc.integer({ min: 0, max: 2500 })),
    limit: fc.option(limit, { freq: 8 }),
    costs: fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 60 })), {
      minLength: 1,
      maxLength: 12,
    }),
  }),
  { minLength: 1, maxLength: 60 },
);

describe('the meter of a pool of credits', () => {
  it('grants and tells what the sliding meter does', () => {
    fc.assert(
      fc.property(limit, rounds, (first, steps) => {
        let [states, meter, now, current]: [MeterStates, CreditMeter, number, Limit] = [
          {},
          EMPTY_METER,
          START,
          first,
        ];
        for (const { afterMs, limit: edited, costs } of steps) {
          now += afterMs;
          current = edited ?? current;
          const pool = { id: 'pool', limit: current };
          const open: OpenPool = { pool, meter: liveMeter(meter, current, now), spent: 0 };
          for (const cost of costs) {
            const { granted, held } = chargePools([states], [pool], cost, now);
            states = held[0] ?? {};
            assert.equal(cost === 0 || freeOf(open) >= cost, granted);
            if (granted) open.spent += cost;
            const standing = standingOf(states, pool, { cost, granted }, now);
            assert.deepEqual(standingIn(open, cost, granted, now), standing);
          }
          meter = closedMeter(open, now);
          const state = states[meterId(current)];
          const stamps = state !== undefined && 'stamps' in state ? state.stamps : [];
          assert.deepEqual(meter, meterOf(stamps));
        }
      }),
    );
  });
});
