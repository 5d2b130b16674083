import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { evenPace, type Pace, STRIDE, sharesOf, TURN_MIN, weightedPace } from './pace.ts';

const weights = fc.integer({ min: 1, max: STRIDE });
const turns = fc.integer({ min: 0, max: 2 ** 40 }).map((since) => TURN_MIN + since);

/** The same by making the draws one by one. */
function oneByOne(from: readonly number[], draws: number, paces: readonly Pace[]): number[] {
  // A draw begins at the first moment at or after which its key may make one.
  const begins = from.map((turn, i) => paces[i]?.after(turn, 0) ?? turn);
  const shares = from.map(() => 0);
  for (let made = 0; made < draws; made += 1) {
    const next = begins.indexOf(Math.min(...begins));
    begins[next] = paces[next]?.after(begins[next] ?? 0, 1) ?? 0;
    shares[next] = (shares[next] ?? 0) + 1;
  }
  return shares;
}

describe('a weighted pace', () => {
  it('makes as many draws in each stride as the weight says, wherever it begins', () => {
    fc.assert(
      fc.property(weights, turns, fc.integer({ min: 1, max: 50 }), (weight, turn, strides) => {
        const pace = weightedPace(weight);
        const begun = pace.after(turn, 0);
        assert.equal(pace.after(turn, weight * strides), begun + STRIDE * strides);
        assert.equal(pace.upTo(turn, begun + STRIDE * strides), weight * strides);
      }),
    );
  });

  it('comes to the same by one draw at a time and by many', () => {
    fc.assert(
      fc.property(weights, turns, fc.integer({ min: 0, max: 200 }), (weight, turn, draws) => {
        const pace = weightedPace(weight);
        let at = turn;
        for (let made = 0; made < draws; made += 1) at = pace.after(at, 1);
        assert.equal(pace.after(turn, draws), draws === 0 ? pace.after(turn, 0) : at);
        assert.equal(pace.upTo(turn, pace.after(turn, draws)), draws);
      }),
    );
  });
});

describe('shares of keys with paces of their own', () => {
  it('are those of draws made one after another', () => {
    const pace = fc.oneof(weights.map(weightedPace), fc.integer({ min: 1, max: 5000 }).map(evenPace));
    const keys = fc.array(fc.tuple(fc.integer({ min: 0, max: 20 * STRIDE }), pace), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 100 }), (some, draws) => {
        const ascending = some
          .map(([since, one]) => ({ turn: one.after(TURN_MIN + since, 0), pace: one }))
          .sort((a, b) => a.turn - b.turn);
        const from = ascending.map(({ turn }) => turn);
        const paces = ascending.map(({ pace: one }) => one);
        assert.deepEqual(sharesOf(from, draws, paces), oneByOne(from, draws, paces));
      }),
      { numRuns: 500 },
    );
  });
});
