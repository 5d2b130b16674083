import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { budgetOf, stateOf, tierOf } from '../../test/support/key-state.ts';
import { groupOf, type MemoryPool, memoryPool, served } from '../../test/support/memory-pool.ts';
import { limitOf } from '../../test/support/meter-run.ts';
import { PLAIN_TRAITS } from './key.ts';
import type { Tier } from './tier.ts';
import { PLAIN_POLICY, type Strategy } from './tier-policy.ts';

function tierBy(strategy: Strategy, id = 'tier', priority = 0): Tier {
  return { ...tierOf({ a: [] }, id), policy: { ...PLAIN_POLICY, strategy, priority } };
}

/** Keys with these budgets for life, in the order they were made in. */
function budgeted(tier: Tier, budgets: readonly number[]): MemoryPool {
  const rows = budgets.map((limit, i) => [
    `k${i}`,
    stateOf(tier, { freshRank: i, budgets: [budgetOf(limit)] }),
  ]);
  return memoryPool(new Map(rows as [string, ReturnType<typeof stateOf>][]));
}

function weighted(tier: Tier, weights: readonly number[]): MemoryPool {
  const rows = weights.map((weight, i) => {
    const traits = { ...PLAIN_TRAITS, weight };
    return [`k${i}`, stateOf(tier, { freshRank: i, traits })] as const;
  });
  return memoryPool(new Map(rows));
}

describe('a weighted tier', () => {
  const tier = tierBy('weighted');
  const weights = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 });

  it('gives each key, drawn one after another, exactly its share of every turn', () => {
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 3 }), (some, turns) => {
        const pool = weighted(tier, some);
        const draws = turns * some.reduce((sum, weight) => sum + weight, 0);
        const results = Array.from({ length: draws }, () => pool.run([groupOf([tier], 'a', 1)]));
        assert.deepEqual(
          [...served(pool, results).values()],
          some.map((weight) => weight * turns),
        );
      }),
    );
  });

  it('gives each key its share but for one turn, drawn many at a time', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 5, maxLength: 60 });
    const heavy = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(heavy, sizes, (some, rounds) => {
        const pool = weighted(tier, some);
        const results = rounds.map((size) => pool.run([groupOf([tier], 'a', size)]));
        const used = [...served(pool, results).values()].map((draws, i) => draws / (some[i] ?? 1));
        // So far did the take move its key that moved one the farthest.
        const turn = Math.max(
          ...results.flatMap(({ grants }) =>
            grants.map(({ keyId, draws }) => draws / (some[Number(keyId.slice(1))] ?? 1)),
          ),
        );
        assert.ok(Math.max(...used) - Math.min(...used) <= turn + 1, `${used} in turns of ${turn}`);
      }),
      { numRuns: 200 },
    );
  });

  it('counts a key by its weight also against keys of tiers that go by last use', () => {
    const plain = tierBy('least_recently_used', 'plain');
    const pool = weighted(tier, [3]);
    pool.rows.set('other', stateOf(plain, { freshRank: 9 }));
    const results = Array.from({ length: 40 }, () => pool.run([groupOf([tier, plain], 'a', 1)]));
    assert.deepEqual([...served(pool, results).values()], [30, 10]);
  });
});

describe('a tier that is filled in order', () => {
  const tier = tierBy('fill_first');

  it('draws from a key only when none that is older can serve', () => {
    const budgets = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 8 });
    const draw = fc.record({ size: fc.integer({ min: 1, max: 20 }), units: fc.integer({ min: 1, max: 4 }) });
    fc.assert(
      fc.property(budgets, fc.array(draw, { maxLength: 20 }), (some, draws) => {
        const pool = budgeted(tier, some);
        const left = [...some];
        for (const { size, units } of draws) {
          pool.run([groupOf([tier], 'a', size, units)]);
          for (let i = 0; i < size; i += 1) {
            const able = left.findIndex((one) => one >= units);
            if (able >= 0) left[able] = (left[able] ?? 0) - units;
          }
          const used = [...pool.rows.values()].map(({ budgets: [budget] }) => budget?.used);
          assert.deepEqual(
            used,
            some.map((limit, i) => limit - (left[i] ?? 0)),
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  it('goes back to an older key as soon as that can serve', () => {
    const limited = { ...tier, features: [{ name: 'a', limits: [limitOf('sliding', 2, 1000)] }] };
    const rows = ['k0', 'k1'].map((keyId, i) => [keyId, stateOf(limited, { freshRank: i })] as const);
    const pool = memoryPool(new Map(rows));
    const next = () => pool.run([groupOf([limited], 'a', 1)]).grants[0]?.keyId;
    assert.deepEqual([next(), next(), next()], ['k0', 'k0', 'k1']);
    pool.now += 2000;
    assert.equal(next(), 'k0');
  });

  it('passes over a key that another round has', () => {
    const pool = budgeted(tier, [5, 5]);
    pool.busy.add('k0');
    assert.equal(pool.run([groupOf([tier], 'a', 1)]).grants[0]?.keyId, 'k1');
  });

  it('takes keys by the dozen where each has little', () => {
    const pool = budgeted(
      tier,
      Array.from({ length: 200 }, () => 1),
    );
    const result = pool.run([groupOf([tier], 'a', 200)], 80);
    assert.deepEqual(result.shortages, [{ kind: 'none' }]);
  });
});

describe('a tier that goes by what remains', () => {
  const tier = tierBy('most_remaining');

  it('draws from a key of which no smaller part is left than of any other', () => {
    const budgets = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(budgets, fc.integer({ min: 1, max: 60 }), (some, draws) => {
        const pool = budgeted(tier, some);
        const left = [...some];
        for (let i = 0; i < draws; i += 1) {
          const keyId = pool.run([groupOf([tier], 'a', 1)]).grants[0]?.keyId;
          if (keyId === undefined) continue;
          const drawn = Number(keyId.slice(1));
          const share = (n: number) => (left[n] ?? 0) / (some[n] ?? 1);
          for (const other of some.keys()) assert.ok(share(drawn) >= share(other) - 1e-6);
          left[drawn] = (left[drawn] ?? 0) - 1;
        }
      }),
    );
  });

  it('shares a round among keys so that as much remains of each', () => {
    const limited = { ...tier, features: [{ name: 'a', limits: [limitOf('sliding', 100, 1e9)] }] };
    const meters = (used: number) => ({ a: { s1000000000: { stamps: [{ at: 1e6, n: used }] } } });
    const rows = [50, 0, 40].map((used, i) => [
      `k${i}`,
      stateOf(limited, { freshRank: i, meters: meters(used) }, 1e6),
    ]);
    const pool = memoryPool(new Map(rows as [string, ReturnType<typeof stateOf>][]), { spread: () => 3 });
    const result = pool.run([groupOf([limited], 'a', 30)]);
    assert.deepEqual([...served(pool, [result]).values()], [0, 30, 0]);
    const further = pool.run([groupOf([limited], 'a', 30)]);
    assert.deepEqual([...served(pool, [further]).values()], [0, 20, 10]);
  });
});

describe('keys that have rested until all of them can serve', () => {
  const ids = (results: readonly ReturnType<MemoryPool['run']>[]): string[] =>
    results.flatMap(({ grants }) => grants.map(({ keyId }) => keyId));
  const tierOfKeys = (strategy: Strategy, limit: number): Tier => ({
    ...tierOf({ a: [limitOf('sliding', limit, 60_000)] }),
    policy: { ...PLAIN_POLICY, strategy },
  });
  const poolOf = (tier: Tier, keys: number): MemoryPool =>
    memoryPool(
      new Map(Array.from({ length: keys }, (_, i) => [`k${i}`, stateOf(tier, { freshRank: i })] as const)),
    );
  const drawOneByOne = (pool: MemoryPool, tier: Tier, count: number): string[] =>
    ids(
      Array.from({ length: count }, () => {
        pool.now += 1000;
        return pool.run([groupOf([tier], 'a', 1)]);
      }),
    );

  it('are filled in their order, whatever the order in which they came back', () => {
    const tier = tierOfKeys('fill_first', 1);
    const pool = poolOf(tier, 5);
    drawOneByOne(pool, tier, 4);
    pool.now += 60_000;
    drawOneByOne(pool, tier, 1);
    pool.now += 120_000;
    assert.deepEqual(drawOneByOne(pool, tier, 5), ['k0', 'k1', 'k2', 'k3', 'k4']);
  });

  it('are all used where as much remains of each', () => {
    const tier = tierOfKeys('most_remaining', 30);
    const pool = poolOf(tier, 4);
    drawOneByOne(pool, tier, 40);
    pool.now += 120_000;
    assert.equal(new Set(drawOneByOne(pool, tier, 4)).size, 4);
  });
});
