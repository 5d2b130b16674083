import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { budgetOf, stateOf, tierOf } from '../../test/support/key-state.ts';
import { groupOf, memoryPool } from '../../test/support/memory-pool.ts';
import { limitOf } from '../../test/support/meter-run.ts';
import type { KeyState } from './key.ts';
import type { Limit, Tier } from './tier.ts';
import { PLAIN_POLICY, type Strategy } from './tier-policy.ts';

const STRATEGIES: readonly Strategy[] = ['least_recently_used', 'weighted', 'fill_first', 'most_remaining'];

function tierAt(priority: number, id: string, strategy: Strategy, limits: readonly Limit[] = []): Tier {
  return { ...tierOf({ a: limits }, id), policy: { ...PLAIN_POLICY, strategy, priority } };
}

/** Units that the keys of these tiers have given. */
function used(rows: ReadonlyMap<string, KeyState>): number[] {
  return [...rows.values()].map(({ budgets: [budget] }) => budget?.used ?? 0);
}

describe('tiers of several priorities', () => {
  it('spill exactly what none before can serve', () => {
    const tiers = fc.array(
      fc.record({
        priority: fc.integer({ min: 0, max: 3 }),
        strategy: fc.constantFrom(...STRATEGIES),
        budgets: fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 5 }),
      }),
      { minLength: 1, maxLength: 5 },
    );
    const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(tiers, sizes, (some, rounds) => {
        const all = some.map(({ priority, strategy }, i) => tierAt(priority, `t${i}`, strategy));
        const keys = some.flatMap(({ budgets, priority }, t) =>
          budgets.map((limit, k) => ({ t, k, limit, priority, id: `t${t}k${k}` })),
        );
        const pool = memoryPool(
          new Map(
            keys.map(({ t, k, limit, id }) => {
              const tier = all[t] ?? assert.fail('a tier of the pool');
              return [id, stateOf(tier, { freshRank: k, budgets: [budgetOf(limit)] })] as const;
            }),
          ),
        );
        let asked = 0;
        for (const size of rounds) {
          asked += size;
          const kind = pool.serve(groupOf(all, 'a', size)).at(-1)?.shortages[0]?.kind;
          const given = used(pool.rows);
          let left = asked;
          for (const priority of [0, 1, 2, 3]) {
            const ofClass = keys.flatMap((key, i) => (key.priority === priority ? [{ ...key, i }] : []));
            const all = ofClass.reduce((sum, { limit }) => sum + limit, 0);
            const expected = Math.min(left, all);
            assert.equal(
              ofClass.reduce((sum, { i }) => sum + (given[i] ?? 0), 0),
              expected,
            );
            left -= expected;
          }
          assert.equal(kind, left > 0 ? 'empty' : 'none');
          asked -= left;
        }
      }),
      { numRuns: 300 },
    );
  });

  it('are tried again later when the first key of any of them is free', () => {
    const first = tierAt(0, 'first', 'least_recently_used', [limitOf('sliding', 1, 60_000)]);
    const second = tierAt(7, 'second', 'least_recently_used', [limitOf('sliding', 1, 1000)]);
    const pool = memoryPool(
      new Map([
        ['k0', stateOf(first)],
        ['k1', stateOf(second)],
      ]),
    );
    const results = [1, 2, 3].map(() => pool.run([groupOf([second, first], 'a', 1)]));
    assert.deepEqual(
      results.map(({ grants }) => grants[0]?.keyId),
      ['k0', 'k1', undefined],
    );
    const due = pool.rows.get('k1')?.due['second|a'];
    assert.deepEqual(results[2]?.shortages, [{ kind: 'exhausted', nextAt: due }]);
    assert.ok((due ?? 0) < (pool.rows.get('k0')?.due['first|a'] ?? 0));
    pool.now = due ?? 0;
    assert.equal(pool.run([groupOf([second, first], 'a', 1)]).grants[0]?.keyId, 'k1');
    pool.now = pool.rows.get('k0')?.due['first|a'] ?? 0;
    assert.equal(pool.run([groupOf([second, first], 'a', 1)]).grants[0]?.keyId, 'k0');
  });

  it('spill nothing while a key of the first is only in use', () => {
    const first = tierAt(0, 'first', 'fill_first');
    const second = tierAt(1, 'second', 'fill_first');
    const pool = memoryPool(
      new Map([
        ['k0', stateOf(first)],
        ['k1', stateOf(second)],
      ]),
    );
    pool.busy.add('k0');
    const result = pool.run([groupOf([first, second], 'a', 1)]);
    assert.deepEqual(result, { grants: [], shortages: [{ kind: 'again' }] });
  });
});

describe('a search for a key with many units, in tiers of several priorities', () => {
  const limits = [limitOf('sliding', 10, 1000)];
  const tiers = [0, 1].map((priority) => tierAt(priority, `t${priority}`, 'least_recently_used', limits));
  const [first, second] = [tiers[0] ?? assert.fail(), tiers[1] ?? assert.fail()];
  const big = groupOf([first, second], 'a', 1, 5);
  const NOW = 1_000_000;
  /** Keys that used six of their ten units. */
  const short = (tier: Tier, count: number) =>
    Array.from({ length: count }, (_, i) => {
      const meters = { a: { s1000: { stamps: [{ at: NOW, n: 6 }] } } };
      return [`${tier.id}-${i}`, stateOf(tier, { freshRank: i, meters }, NOW)] as const;
    });

  it('begins anew at the first when a key of it can serve by now', () => {
    const pool = memoryPool(new Map([...short(first, 600), ...short(second, 1500)]));
    for (let round = 0; round < 2; round += 1) {
      assert.deepEqual(pool.run([big]), { grants: [], shortages: [{ kind: 'again' }] });
      pool.now += 600;
    }
    const results = pool.serve(big, 3);
    assert.match(results.at(-1)?.grants[0]?.keyId ?? '', /^t0-/);
  });

  it('spills over behind a search that found its key far from the head', () => {
    const able = (tier: Tier) => stateOf(tier, { freshRank: 9999, budgets: [budgetOf(5)] });
    const pool = memoryPool(new Map([...short(first, 600), ['able', able(first)], ['next', able(second)]]));
    const served = [1, 2].map(() => pool.serve(big, 4).at(-1)?.grants[0]?.keyId);
    assert.deepEqual(served, ['able', 'next']);
  });
});

describe('tiers of one priority', () => {
  it('take turns where their keys have no common order, each with its own', () => {
    const filled = tierAt(0, 'filled', 'fill_first');
    const plain = tierAt(0, 'plain', 'least_recently_used');
    const of = (tier: Tier, freshRank: number) => stateOf(tier, { freshRank });
    const pool = memoryPool(
      new Map([
        ['f0', of(filled, 0)],
        ['f1', of(filled, 1)],
        ['p0', of(plain, 0)],
        ['p1', of(plain, 1)],
      ]),
    );
    const order = Array.from({ length: 8 }, () => pool.run([groupOf([filled, plain], 'a', 1)])).map(
      ({ grants }) => grants[0]?.keyId,
    );
    assert.deepEqual(order, ['f0', 'p0', 'f0', 'p1', 'f0', 'p0', 'f0', 'p1']);
  });
});
