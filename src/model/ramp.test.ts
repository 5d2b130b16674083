import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { stateOf, takeOf, tierOf } from '../../test/support/key-state.ts';
import { anyLimit } from '../../test/support/meter-run.ts';
import { policyOf } from '../../test/support/reported-draws.ts';
import { rampedLimit, rampingAt, rampReaches } from './ramp.ts';
import { takeFromKey } from './take.ts';

const START = 1_000_000;
const ramps = fc.record({
  fromPercent: fc.integer({ min: 1, max: 99 }),
  periodMs: fc.integer({ min: 1000, max: 20_000 }),
});
const steps = fc.array(
  fc.record({ gapMs: fc.integer({ min: 0, max: 3000 }), count: fc.integer({ min: 1, max: 60 }) }),
  { minLength: 1, maxLength: 40 },
);

describe('a limit on a ramp', () => {
  it('rises steadily from its part to all of it, and is never none', () => {
    fc.assert(
      fc.property(
        ramps,
        fc.integer({ min: 1, max: 1e9 }),
        fc.array(fc.nat(25_000)),
        (ramp, limit, moments) => {
          const ramping = { ...ramp, startAt: START };
          const rising = moments.sort((a, b) => a - b).map((at) => rampedLimit(limit, ramping, START + at));
          for (const [i, now] of rising.entries()) {
            assert.ok(now >= (rising[i - 1] ?? 1) && now <= limit);
            assert.ok(
              now === 1 ||
                now <=
                  Math.ceil((limit * (moments[i] ?? 0)) / ramp.periodMs + (limit * ramp.fromPercent) / 100),
            );
          }
          assert.equal(
            rampedLimit(limit, ramping, START),
            Math.max(1, Math.floor((limit * ramp.fromPercent) / 100)),
          );
          assert.equal(rampedLimit(limit, ramping, START + ramp.periodMs), limit);
        },
      ),
    );
  });

  it('reaches so many units at the moment that is named, and not a millisecond before', () => {
    fc.assert(
      fc.property(
        ramps,
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 1, max: 1100 }),
        (ramp, limit, units) => {
          const ramping = { ...ramp, startAt: START };
          const at = rampReaches(limit, units, ramping, START);
          if (at === null) return assert.ok(units > limit);
          assert.ok(rampedLimit(limit, ramping, at) >= units);
          if (at > START) assert.ok(rampedLimit(limit, ramping, at - 1) < units);
        },
      ),
    );
  });

  it('is none without a ramp, for a key that came before it, and after its end', () => {
    const ramp = { fromPercent: 10, periodMs: 1000 };
    assert.equal(rampingAt(null, START, START), null);
    assert.equal(rampingAt(ramp, null, START), null);
    assert.equal(rampingAt(ramp, START, START + 1000), null);
    assert.deepEqual(rampingAt(ramp, START, START + 999), { ...ramp, startAt: START });
  });
});

describe('a key on a ramp', () => {
  it('never gives more within a window than its limit has come up to, and is due when it has one more', () => {
    fc.assert(
      fc.property(ramps, anyLimit, steps, (ramp, limit, all) => {
        const tier = { ...tierOf({ a: [limit] }), policy: policyOf({ ramp }) };
        const traits = { weight: 1, maxInFlight: null, groupId: null, rampFrom: START };
        let state = stateOf(tier, { traits }, START);
        let now = START;
        const log: { at: number; n: number }[] = [];
        for (const { gapMs, count } of all) {
          now += gapMs;
          const { state: after, took } = takeFromKey(state, takeOf(tier, 'a', { count }), now);
          state = after;
          if (took.granted > 0) log.push({ at: now, n: took.granted });
          const within = log.filter(({ at }) => at > now - limit.windowMs).reduce((sum, { n }) => sum + n, 0);
          const most = rampedLimit(limit.limit, { ...ramp, startAt: START }, now);
          if (limit.algorithm === 'sliding' && took.granted > 0) assert.ok(within <= most);
          assert.ok(took.granted <= most);
          const due = state.due['tier|a'];
          if (due === undefined) continue;
          assert.equal(takeFromKey(state, takeOf(tier, 'a'), due).took.granted, 1);
          assert.equal(takeFromKey(state, takeOf(tier, 'a'), due - 1).took.granted, 0);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('forgets the ramp with its first draw after the end', () => {
    const tier = { ...tierOf({ a: [] }), policy: policyOf({ ramp: { fromPercent: 1, periodMs: 1000 } }) };
    const traits = { weight: 1, maxInFlight: null, groupId: null, rampFrom: START };
    const on = takeFromKey(stateOf(tier, { traits }), takeOf(tier, 'a'), START + 999).state;
    assert.equal(on.traits.rampFrom, START);
    assert.equal(takeFromKey(on, takeOf(tier, 'a'), START + 1000).state.traits.rampFrom, null);
  });
});
