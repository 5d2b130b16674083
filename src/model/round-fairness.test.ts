import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { stateOf, tierOf } from '../../test/support/key-state.ts';
import { groupOf, type MemoryPool, memoryPool, served, spread } from '../../test/support/memory-pool.ts';
import { limitOf } from '../../test/support/meter-run.ts';
import type { Tier } from './tier.ts';

function equalKeys(tiers: readonly Tier[], n: number): MemoryPool {
  const rows = Array.from({ length: n }, (_, i) => {
    const tier = tiers[i % tiers.length] ?? assert.fail('at least one tier');
    return [`k${i}`, stateOf(tier, { freshRank: i })] as const;
  });
  return memoryPool(new Map(rows));
}

function tiersOf(n: number): Tier[] {
  return Array.from({ length: n }, (_, i) => tierOf({ a: [] }, `tier-${i}`));
}

/** Over how many keys a round of so many draws is spread. */
function keysOf(size: number): number {
  return Math.min(Math.ceil(Math.sqrt(size)), Math.max(2, Math.ceil(size / 16)));
}

describe('equal keys', () => {
  for (const tierCount of [1, 3])
    for (const n of [1, 2, 100])
      it(`${n} in ${tierCount} tiers, drawn one after another, differ by at most one draw`, () => {
        const tiers = tiersOf(Math.min(tierCount, n));
        const pool = equalKeys(tiers, n);
        const results = Array.from({ length: 5 * n + 3 }, () => {
          pool.now += 1;
          return pool.run([groupOf(tiers, 'a', 1)]);
        });
        assert.ok(spread(served(pool, results)) <= 1);
      });

  it('drawn within one millisecond and after a clock step differ by at most one draw', () => {
    const tiers = tiersOf(1);
    const pool = equalKeys(tiers, 7);
    const results = Array.from({ length: 100 }, (_, i) => {
      if (i === 50) pool.now -= 5000;
      return pool.run([groupOf(tiers, 'a', 1)]);
    });
    assert.ok(spread(served(pool, results)) <= 1);
  });

  it('of which few serve each round never differ by more than the draws of one turn', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 5, maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 3 }), sizes, (n, t, rounds) => {
        const tiers = tiersOf(Math.min(n, t));
        const pool = equalKeys(tiers, n);
        const results = rounds.map((size) => pool.run([groupOf(tiers, 'a', size)]));
        const turn = Math.max(...rounds.map((size) => Math.ceil(size / Math.min(n, keysOf(size)))));
        assert.ok(spread(served(pool, results)) <= turn + 1, `${[...served(pool, results).values()]}`);
      }),
      { numRuns: 200 },
    );
  });

  it('that a limit parks and brings back stay equal', () => {
    const tier = tierOf({ a: [limitOf('sliding', 3, 1000)] });
    const pool = equalKeys([tier], 10);
    const results = Array.from({ length: 400 }, () => {
      pool.now += 37;
      return pool.run([groupOf([tier], 'a', 1)]);
    });
    assert.ok(spread(served(pool, results)) <= 1);
  });

  it('are shared by groups of one round that draw from the same queue', () => {
    const other = tiersOf(2)[1] ?? assert.fail('there is a second one');
    const sizes = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(fc.array(sizes, { minLength: 5, maxLength: 40 }), (rounds) => {
        const tiers = tiersOf(1);
        const pool = equalKeys(tiers, 20);
        const results = rounds.map((groups) =>
          // The adapter makes a group of all that have the same tiers; here are several, as of other consumers.
          pool.run(groups.map((size, i) => groupOf(i % 2 === 0 ? tiers : [...tiers, other], 'a', size))),
        );
        for (const { grants } of results)
          assert.equal(new Set(grants.map(({ keyId }) => keyId)).size, grants.length);
      }),
      { numRuns: 50 },
    );
  });
});
