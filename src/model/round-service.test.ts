import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { budgetOf, stateOf, tierOf } from '../../test/support/key-state.ts';
import { groupOf, type MemoryPool, memoryPool } from '../../test/support/memory-pool.ts';
import { limitOf } from '../../test/support/meter-run.ts';
import { budgetFree } from './budget.ts';
import type { KeyState } from './key.ts';
import { freeUnderAll } from './meter.ts';
import type { DrawGroup } from './round.ts';
import type { Tier } from './tier.ts';

interface Scene {
  readonly tiers: readonly Tier[];
  readonly pool: MemoryPool;
  /** The tier of each key. */
  readonly home: ReadonlyMap<string, Tier>;
}

const keyParts = fc.record({
  tier: fc.nat(2),
  /** Few ranks, so that many keys stand in one position. */
  rank: fc.integer({ min: 1, max: 4 }),
  used: fc.nat(8),
  budget: fc.option(fc.integer({ min: 1, max: 12 })),
  state: fc.constantFrom('active', 'active', 'active', 'disabled'),
});

const scenes: fc.Arbitrary<Scene> = fc
  .record({
    limits: fc.array(fc.option(fc.integer({ min: 1, max: 8 })), { minLength: 3, maxLength: 3 }),
    keys: fc.array(keyParts, { maxLength: 40 }),
  })
  .map(({ limits, keys }) => {
    const tiers = limits.map((limit, i) =>
      tierOf({ a: limit === null ? [] : [limitOf('sliding', limit, 1000)], b: [] }, `tier-${i}`),
    );
    const home = new Map<string, Tier>();
    const rows = keys.map(({ tier: t, rank, used, budget, state }, i) => {
      const tier = tiers[t] ?? assert.fail('three tiers');
      const parts: Partial<KeyState> = {
        state: state === 'active' ? 'active' : 'disabled',
        lastRank: { [`${tier.id}|a`]: rank, [`${tier.id}|b`]: rank },
        meters: used > 0 ? { a: { s1000: { stamps: [{ at: 1e6, n: used }] } } } : {},
        budgets: budget === null ? [] : [budgetOf(budget)],
      };
      home.set(`k${i}`, tier);
      return [`k${i}`, stateOf(tier, parts, 1_000_000)] as const;
    });
    return { tiers, pool: memoryPool(new Map(rows)), home };
  });

/** Draws of `units` that a key could serve alone. */
function capacity({ pool, home }: Scene, keyId: string, units: number): number {
  const [row, tier] = [pool.rows.get(keyId), home.get(keyId)];
  if (row === undefined || tier === undefined || row.state !== 'active' || pool.busy.has(keyId)) return 0;
  const limits = tier.features.find(({ name }) => name === 'a')?.limits ?? [];
  const free = freeUnderAll(row.meters.a ?? {}, limits, pool.now);
  return Math.floor(Math.min(free, ...row.budgets.map((budget) => budgetFree(budget, pool.now))) / units);
}

function drawsOf(result: ReturnType<MemoryPool['run']>, group: number): number {
  return result.grants.filter((grant) => grant.group === group).reduce((sum, grant) => sum + grant.draws, 0);
}

describe('a round', () => {
  it('serves every draw as long as units suffice, and else all that there are', () => {
    const size = fc.integer({ min: 1, max: 120 });
    fc.assert(
      fc.property(scenes, size, fc.integer({ min: 1, max: 5 }), (scene, wanted, units) => {
        const all = [...scene.pool.rows.keys()].map((keyId) => capacity(scene, keyId, units));
        const result = scene.pool.run([groupOf(scene.tiers, 'a', wanted, units)]);
        assert.equal(
          drawsOf(result, 0),
          Math.min(
            wanted,
            all.reduce((sum, n) => sum + n, 0),
          ),
        );
        assert.equal(result.shortages[0]?.kind === 'none', drawsOf(result, 0) === wanted);
      }),
      { numRuns: 500 },
    );
  });

  it('ends in a bounded number of steps whatever waits, and serves no group more than it wants', () => {
    const groups = fc.array(
      fc.record({
        tiers: fc.subarray([0, 1, 2], { minLength: 1 }),
        feature: fc.constantFrom('a', 'b'),
        size: fc.integer({ min: 1, max: 80 }),
        units: fc.integer({ min: 1, max: 6 }),
      }),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(scenes, groups, fc.array(fc.nat(39)), ({ tiers, pool }, wants, busy) => {
        for (const i of busy) pool.busy.add(`k${i}`);
        const all: DrawGroup[] = wants.map(({ tiers: picked, feature, size, units }) =>
          groupOf(
            tiers.filter((_, i) => picked.includes(i)),
            feature,
            size,
            units,
          ),
        );
        const result = pool.run(all, 500);
        assert.equal(result.shortages.length, all.length);
        for (const [i, { size }] of all.entries()) {
          assert.ok(drawsOf(result, i) <= size);
          assert.equal(result.shortages[i]?.kind === 'none', drawsOf(result, i) === size);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('touches no key that another round has a take on', () => {
    fc.assert(
      fc.property(scenes, fc.array(fc.nat(39)), ({ tiers, pool }, busy) => {
        for (const i of busy) pool.busy.add(`k${i}`);
        const { grants, shortages } = pool.run([groupOf(tiers, 'a', 50)]);
        for (const { keyId } of grants) assert.ok(!pool.busy.has(keyId));
        const standing = [...pool.busy].some((id) => Object.keys(pool.rows.get(id)?.ready ?? {}).length > 0);
        if (shortages[0]?.kind === 'empty') assert.ok(!standing);
      }),
    );
  });
});
