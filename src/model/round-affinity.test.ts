import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { budgetOf, stateOf, tierOf } from '../../test/support/key-state.ts';
import { groupOf, type MemoryPool, memoryPool } from '../../test/support/memory-pool.ts';
import { PLAIN_POLICY, type Strategy } from './tier-policy.ts';

const STRATEGIES: readonly Strategy[] = ['least_recently_used', 'weighted', 'fill_first', 'most_remaining'];

function poolOf(strategy: Strategy, budgets: readonly number[]) {
  const tier = { ...tierOf({ a: [] }), policy: { ...PLAIN_POLICY, strategy } };
  const rows = budgets.map(
    (limit, i) => [`k${i}`, stateOf(tier, { freshRank: i, budgets: [budgetOf(limit)] })] as const,
  );
  const pool = memoryPool(new Map(rows));
  const draws = (affinity: string | null, size: number, units = 1) => ({
    ...groupOf([tier], 'a', size, units),
    affinity,
  });
  return { tier, pool, draws };
}

function leftOf(pool: MemoryPool, keyId: string | undefined): number {
  const budget = pool.rows.get(keyId ?? '')?.budgets[0];
  return budget === undefined ? 0 : budget.limit - budget.used;
}

describe('draws of one affinity', () => {
  it('go to the key of the one before while that can serve, and then to another', () => {
    const draw = fc.record({
      affinity: fc.constantFrom('x', 'y', 'z', null),
      size: fc.integer({ min: 1, max: 5 }),
      units: fc.integer({ min: 1, max: 3 }),
    });
    const budgets = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(
        fc.constantFrom(...STRATEGIES),
        budgets,
        fc.array(draw, { maxLength: 30 }),
        (strategy, some, all) => {
          const { pool, draws } = poolOf(strategy, some);
          for (const { affinity, size, units } of all) {
            const home = pool.homes.get(affinity ?? '')?.keyId;
            const able = Math.min(size, Math.floor(leftOf(pool, home) / units));
            const { grants, shortages } = pool.run([draws(affinity, size, units)]);
            if (affinity === null) continue;
            const atHome = grants.filter(({ keyId }) => keyId === home);
            assert.equal(
              atHome.reduce((sum, { draws: n }) => sum + n, 0),
              able,
            );
            if (shortages[0]?.kind === 'none')
              assert.equal(pool.homes.get(affinity)?.keyId, grants.at(-1)?.keyId);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('go to one key in one round, whatever they ask for', () => {
    const { pool, draws } = poolOf('least_recently_used', [50, 50, 50]);
    const { grants } = pool.run([draws('x', 3), draws('x', 2, 5), draws('x', 4, 2)]);
    assert.equal(new Set(grants.map(({ keyId }) => keyId)).size, 1);
    assert.equal(leftOf(pool, grants[0]?.keyId), 50 - 3 - 10 - 8);
  });

  it('go to one key where tiers take turns', () => {
    const tiers = [
      { ...tierOf({ a: [] }, 'filled'), policy: { ...PLAIN_POLICY, strategy: 'fill_first' as const } },
      tierOf({ a: [] }, 'plain'),
    ];
    const pool = memoryPool(new Map(tiers.map((tier) => [tier.id, stateOf(tier)])));
    for (const affinity of ['w', 'x', 'y', 'z']) {
      const { grants } = pool.run([{ ...groupOf(tiers, 'a', 5), affinity }]);
      assert.equal(new Set(grants.map(({ keyId }) => keyId)).size, 1);
    }
    assert.equal(new Set([...pool.homes.values()].map(({ keyId }) => keyId)).size, 2);
  });

  it('are left to the next round where values that were taken would wait for them', () => {
    const tier = tierOf({ a: [] });
    const keys = Array.from({ length: 300 }, (_, i) => {
      return [`k${i}`, stateOf(tier, { freshRank: i, budgets: [budgetOf(1)] })] as const;
    });
    const pool = memoryPool(new Map(keys), { affineStepsMax: 8 });
    const hot = { ...groupOf([tier], 'a', 256), affinity: 'x' };
    const results = pool.serve(hot, 32);
    assert.ok(results.every(({ grants }) => grants.length <= 8));
    assert.deepEqual(pool.serve({ ...hot, size: 60 }).at(-1)?.shortages, [{ kind: 'empty' }]);
  });

  it('of several units get past any number of keys that have fewer left', () => {
    const tier = tierOf({ a: [] });
    const keys = Array.from({ length: 400 }, (_, i) => {
      return [`k${i}`, stateOf(tier, { freshRank: i, budgets: [budgetOf(i < 300 ? 4 : 6)] })] as const;
    });
    const pool = memoryPool(new Map(keys), { affineStepsMax: 8 });
    for (let round = 0; round < 64; round += 1) {
      const { grants } = pool.run([
        { ...groupOf([tier], 'a', 3, 1), affinity: 'y' },
        { ...groupOf([tier], 'a', 1, 5), affinity: 'x' },
      ]);
      if (grants.some(({ group }) => group === 1)) return;
    }
    assert.fail('it was put off for 64 rounds');
  });

  it('spread over keys where many begin at once, and share what is read', () => {
    const { pool, draws } = poolOf(
      'least_recently_used',
      Array.from({ length: 200 }, () => 99),
    );
    const names = Array.from({ length: 128 }, (_, i) => `affinity-${i}`);
    pool.run(names.map((affinity) => draws(affinity, 1)));
    assert.ok(new Set([...pool.homes.values()].map(({ keyId }) => keyId)).size >= 32);
    assert.ok(pool.reads <= 6, `${pool.reads} reads`);
  });

  it('cost one read for all of a round, and nothing where there are none', () => {
    const { pool, draws } = poolOf('least_recently_used', [50, 50, 50]);
    const extra = (...affinities: (string | null)[]) => {
      pool.run(affinities.map((affinity) => draws(affinity, 2)));
      return pool.steps.filter((kind) => kind !== 'read' && kind !== 'take');
    };
    assert.deepEqual(extra(null), []);
    assert.deepEqual(extra('x', 'y', 'z'), ['recall', 'claim']);
    assert.deepEqual(extra('x', null, 'y', 'z'), ['recall', 'find']);
  });

  it('that race agree on the key that was claimed first', () => {
    const { tier, pool, draws } = poolOf('least_recently_used', [50, 50, 50]);
    pool.beforeClaim = () => {
      pool.beforeClaim = () => {};
      pool.homes.set('x', { tierId: tier.id, keyId: 'k2' });
    };
    const { grants } = pool.run([draws('x', 3)]);
    assert.deepEqual(
      grants.map(({ keyId, draws: n }) => [keyId, n]),
      [['k2', 3]],
    );
  });

  it('wait for their key while another round has it', () => {
    const { tier, pool, draws } = poolOf('least_recently_used', [50, 50]);
    pool.homes.set('x', { tierId: tier.id, keyId: 'k1' });
    pool.busy.add('k1');
    assert.deepEqual(pool.run([draws('x', 1)]), { grants: [], shortages: [{ kind: 'again' }] });
    assert.equal(pool.homes.get('x')?.keyId, 'k1');
  });

  it('move where the key is gone, disabled, or of a tier that may not be used', () => {
    const { tier, pool, draws } = poolOf('least_recently_used', [50, 50]);
    const disabled = stateOf(tier, { state: 'disabled' });
    pool.rows.set('off', disabled);
    for (const home of [
      { tierId: tier.id, keyId: 'no such key' },
      { tierId: tier.id, keyId: 'off' },
      { tierId: 'another', keyId: 'k0' },
    ]) {
      pool.homes.set('x', home);
      const { grants } = pool.run([draws('x', 1)]);
      assert.deepEqual(pool.homes.get('x'), { tierId: tier.id, keyId: grants[0]?.keyId });
    }
  });

  it('take their turn like any other', () => {
    const { pool, draws } = poolOf('least_recently_used', [1000, 1000]);
    for (let i = 0; i < 10; i += 1) pool.run([draws('x', 1)]);
    const others = Array.from({ length: 10 }, () => pool.run([draws(null, 1)]).grants[0]?.keyId);
    assert.deepEqual(new Set(others).size, 1);
    assert.notEqual(others[0], pool.homes.get('x')?.keyId);
  });
});
