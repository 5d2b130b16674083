import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { budgetOf, stateOf, takeOf, tierOf } from '../../test/support/key-state.ts';
import { limitOf } from '../../test/support/meter-run.ts';
import { policyOf } from '../../test/support/reported-draws.ts';
import { remainingRank } from './remaining-rank.ts';
import { takeFromKey } from './take.ts';

const policy = policyOf({ strategy: 'most_remaining' });
const used = fc.record({
  limit: fc.integer({ min: 1, max: 500 }),
  part: fc.double({ min: 0, max: 1, noNaN: true }),
});

function keyWith({ limit, part }: { readonly limit: number; readonly part: number }, freshRank = -1) {
  const budgets = [{ ...budgetOf(limit), used: Math.floor(limit * part) }];
  return stateOf({ ...tierOf({ a: [] }), policy }, { budgets, freshRank });
}

describe('the rank by what remains', () => {
  it('is an integer, and lower where a larger part of the budgets is left', () => {
    fc.assert(
      fc.property(used, used, (a, b) => {
        const [first, second] = [keyWith(a), keyWith(b)];
        const left = [first, second].map(({ budgets }) => {
          const [budget] = budgets;
          return budget === undefined ? 0 : (budget.limit - budget.used) / budget.limit;
        });
        const ranks = [first, second].map((key) => remainingRank(key, 'a', [], 0));
        assert.ok(ranks.every(Number.isSafeInteger));
        assert.equal(
          Math.sign((ranks[0] ?? 0) - (ranks[1] ?? 0)),
          Math.sign((left[1] ?? 0) - (left[0] ?? 0)),
        );
      }),
    );
  });

  it('goes by the scarcest budget, and without any by the limits', () => {
    const limits = [limitOf('sliding', 10, 1000), limitOf('fixed', 100, 1000)];
    const tier = { ...tierOf({ a: limits }), policy };
    const [five, eight] = [5, 8].map(
      (count) => takeFromKey(stateOf(tier), takeOf(tier, 'a', { count }), 9).state,
    );
    assert.ok((five?.ready['tier|a'] ?? 0) < (eight?.ready['tier|a'] ?? 0));
    const scarce = stateOf(tier, { budgets: [budgetOf(1000), { ...budgetOf(10), used: 9 }] });
    assert.ok((scarce.ready['tier|a'] ?? 0) > (eight?.ready['tier|a'] ?? 0));
  });

  it('keeps equals in the order they were made in, and apart, whenever that was', () => {
    const moments = fc.uniqueArray(fc.integer({ min: 0, max: 2_900_000_000 * 10 }), {
      minLength: 2,
      maxLength: 9,
    });
    fc.assert(
      fc.property(moments, (tenths) => {
        const fresh = tenths.toSorted((a, b) => a - b).map((one) => one * 100_000 - 1_500_000_000_000_000);
        const ranks = fresh.map((one) => remainingRank(keyWith({ limit: 5, part: 0 }, one), 'a', [], 0));
        assert.deepEqual(
          ranks,
          ranks.toSorted((a, b) => a - b),
        );
        assert.equal(new Set(ranks).size, fresh.length);
        assert.ok(ranks.every(Number.isSafeInteger));
      }),
    );
  });

  it('puts keys that nothing bounds first: never drawn ones, then the one drawn longest ago', () => {
    const drawnAt = fc.integer({ min: 1, max: 3e12 });
    fc.assert(
      fc.property(drawnAt, drawnAt, fc.integer({ min: -1.5e15, max: 1.5e15 }), (one, gap, freshRank) => {
        const free = stateOf({ ...tierOf({ a: [] }), policy }, { freshRank });
        const ranks = [free, { ...free, takenAt: one }, { ...free, takenAt: one + gap }].map((state) =>
          remainingRank(state, 'a', [], 0),
        );
        ranks.push(remainingRank(keyWith({ limit: 5, part: 0 }, -1.5e15), 'a', [], 0));
        assert.deepEqual(
          ranks,
          ranks.toSorted((a, b) => a - b),
        );
        assert.equal(new Set(ranks).size, 4);
        assert.ok(ranks.every(Number.isSafeInteger));
      }),
    );
  });

  it('is the rank a take leaves, and what the key keeps while it is parked', () => {
    const tier = { ...tierOf({ a: [limitOf('sliding', 2, 1000)] }), policy };
    const once = takeFromKey(stateOf(tier), takeOf(tier, 'a'), 9).state;
    assert.equal(once.ready['tier|a'], remainingRank(once, 'a', tier.features[0]?.limits ?? [], 9));
    const twice = takeFromKey(once, takeOf(tier, 'a'), 10).state;
    assert.deepEqual(twice.ready, {});
    assert.ok((twice.lastRank['tier|a'] ?? 0) > (once.lastRank['tier|a'] ?? 0));
  });
});
