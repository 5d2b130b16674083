import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { budgetOf, stateOf, tierOf } from '../../test/support/key-state.ts';
import { groupOf, type MemoryPool, memoryPool, served, spread } from '../../test/support/memory-pool.ts';
import { limitOf } from '../../test/support/meter-run.ts';
import type { KeyState } from './key.ts';
import { freeUnderAll } from './meter.ts';
import { type DrawGroup, EXAMINED_MAX } from './round.ts';

const NOW = 1_000_000;
const tier = tierOf({ a: [limitOf('sliding', 10, 1000)] });
/** A draw that a key of {@link short} keys cannot serve. */
const big = groupOf([tier], 'a', 1, 5);
/** So many groups beside it that a search may pass over few keys in a round. */
const crowd: readonly DrawGroup[] = Array.from({ length: 20 }, (_, i) =>
  groupOf([tierOf({ a: [] }, `none-${i}`)], 'a', 1),
);

/** A key that used six of its ten units at `at`. */
function short(at: number, parts: Partial<KeyState> = {}): KeyState {
  return stateOf(tier, { meters: { a: { s1000: { stamps: [{ at, n: 6 }] } } }, ...parts }, NOW);
}

function shortKeys(count: number, at = (_: number) => NOW): [string, KeyState][] {
  return Array.from({ length: count }, (_, i) => [`k${i}`, short(at(i), { freshRank: i })]);
}

function poolOf(...states: readonly (readonly [string, KeyState])[]): MemoryPool {
  return memoryPool(new Map(states));
}

/** Its rounds try a key for each draw. */
function widePoolOf(...states: readonly (readonly [string, KeyState])[]): MemoryPool {
  return memoryPool(new Map(states), { spread: (draws) => draws });
}

function keyIds(results: readonly ReturnType<MemoryPool['run']>[]): string[] {
  return results.flatMap(({ grants }) => grants.map(({ keyId }) => keyId));
}

describe('a search for a key with many units', () => {
  it('reaches the only able one behind any number of others, at so many a round', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3000 }), (count) => {
        const pool = poolOf(...shortKeys(count), ['able', stateOf(tier, { freshRank: count })]);
        const results = pool.serve(big);
        assert.deepEqual(keyIds(results), ['able']);
        assert.ok(results.length <= Math.ceil((count + 1) / EXAMINED_MAX), `${results.length} rounds`);
      }),
      { numRuns: 15 },
    );
  });

  it('gets past keys that stand at one position, in each of the places', () => {
    const waiting = { ready: {}, due: { 'tier|a': NOW - 5 } };
    const due = Array.from({ length: 2000 }, (_, i) => [`d${i}`, { ...short(NOW), ...waiting }] as const);
    const ready = Array.from({ length: 2000 }, (_, i) => [`r${i}`, short(NOW, { freshRank: 7 })] as const);
    for (const able of [
      { freshRank: 8 },
      { ready: {}, due: { 'tier|a': NOW - 4 } },
      { ready: {}, due: { 'tier|a': NOW - 5 } },
    ]) {
      const pool = poolOf(...due, ...ready, ['able', { ...stateOf(tier, able), ...able }]);
      const results = [];
      for (let kind = 'again'; kind === 'again'; kind = results.at(-1)?.shortages[0]?.kind ?? '') {
        results.push(pool.run([big]));
        assert.ok(pool.takes <= EXAMINED_MAX + 2, `${pool.takes} takes in one round`);
      }
      assert.deepEqual(keyIds(results), ['able']);
      assert.ok(results.length <= Math.ceil(4001 / EXAMINED_MAX) + 1, `${results.length} rounds`);
    }
  });

  it('passes over a bounded number of keys in a round, of all groups together', () => {
    const pool = poolOf(...shortKeys(2000));
    for (let round = 0; round < 3; round++) {
      pool.run([big]);
      assert.ok(pool.takes <= EXAMINED_MAX, `${pool.takes} takes`);
      pool.run([5, 6, 7, 8].map((units) => groupOf([tier], 'a', 1, units)));
      assert.ok(pool.takes <= EXAMINED_MAX + 8, `${pool.takes} takes by four groups`);
      pool.run([big, ...crowd]);
      assert.ok(pool.takes <= 32 + 2, `${pool.takes} takes beside many groups`);
      pool.run([groupOf([tier], 'a', 256, 5)]);
      assert.ok(pool.takes <= EXAMINED_MAX + 256, `${pool.takes} takes for many draws`);
    }
  });

  it('keeps no draw of one unit in its round from its key', () => {
    const pool = widePoolOf(...shortKeys(3000));
    for (let round = 0; round < 4; round++) {
      const { grants, shortages } = pool.run([big, groupOf([tier], 'a', 40)]);
      assert.deepEqual([shortages[0]?.kind, shortages[1]], ['again', { kind: 'none' }]);
      const plain = grants.filter(({ group }) => group === 1);
      assert.ok(plain.length >= 39 && plain.every(({ draws }) => draws <= 2));
    }
  });

  it('leaves draws of one unit their turns, however many groups are in a round', () => {
    const free = tierOf({ a: [] });
    const pool = widePoolOf(
      ...Array.from({ length: 150 }, (_, i) => [`k${i}`, stateOf(free, { freshRank: i })] as const),
    );
    const results = Array.from({ length: 30 }, () => pool.run([groupOf([free], 'a', 40), ...crowd]));
    assert.ok(spread(served(pool, results)) <= 1);
  });

  it('is none for draws of one unit: each round of them begins at the head', () => {
    const over = Array.from({ length: 40 }, (_, i) => [`over${i}`, short(NOW, { freshRank: i })] as const);
    const pool = poolOf(...over, ['able', stateOf(tier, { freshRank: 99 })]);
    for (const [keyId, state] of over) pool.rows.set(keyId, { ...state, expireAt: NOW - 1 });
    const one = groupOf([tier], 'a', 1);
    assert.deepEqual(pool.run([one, ...crowd]).shortages[0], { kind: 'again' });
    pool.rows.set('new', stateOf(tier, { freshRank: -1 }));
    assert.deepEqual(keyIds([pool.run([one, ...crowd])]), ['new']);
  });
});

describe('a search that ended in vain', () => {
  it('names the earliest moment of all keys that any of its rounds passed over', () => {
    for (const earliest of [3, 700, 1999]) {
      const pool = poolOf(...shortKeys(2000, (i) => (i === earliest ? NOW - 50 : NOW)));
      const results = pool.serve(big);
      assert.equal(results.length, 4);
      assert.deepEqual(results.at(-1)?.shortages, [{ kind: 'exhausted', nextAt: NOW - 50 + 1100 }]);
    }
  });

  it('names none where waiting does not help', () => {
    const budgets = [{ ...budgetOf(10), used: 6 }];
    const spent = Array.from({ length: 1500 }, (_, i) => [`k${i}`, stateOf(tier, { budgets })] as const);
    assert.deepEqual(
      poolOf(...spent)
        .serve(big)
        .at(-1)?.shortages,
      [{ kind: 'empty' }],
    );
  });

  it('counts no key of a queue that its draws may not use', () => {
    const other = tierOf({ a: [limitOf('sliding', 10, 1000)] }, 'other');
    const soon = { ...stateOf(other, { meters: short(NOW - 900).meters }, NOW) };
    const pool = poolOf(...shortKeys(1500), ['soon', soon]);
    pool.run([groupOf([tier, other], 'a', 1, 5)]);
    const { shortages } = pool.serve(big).at(-1) ?? assert.fail('there was a round');
    assert.deepEqual(shortages, [{ kind: 'exhausted', nextAt: NOW + 1100 }]);
  });

  it('names the moment of a key that was parked while it went on', () => {
    const budgets = [{ ...budgetOf(10), used: 6 }];
    const spent = Array.from(
      { length: 700 },
      (_, i) => [`k${i}`, stateOf(tier, { budgets, freshRank: i })] as const,
    );
    const pool = poolOf(...spent, ['able', stateOf(tier, { freshRank: 700 })]);
    assert.deepEqual(pool.run([big]).shortages, [{ kind: 'again' }]);
    const dueAt = NOW + 11_000;
    pool.rows.set('able', { ...stateOf(tier), ready: {}, due: { 'tier|a': dueAt } });
    assert.deepEqual(pool.run([big]).shortages, [{ kind: 'exhausted', nextAt: dueAt }]);
  });

  it('puts off where a key that it passed over was in use', () => {
    const pool = poolOf(...shortKeys(1500));
    pool.busy.add('k3');
    pool.run([big]);
    pool.busy.clear();
    for (let i = 0; i < 2; i++) assert.deepEqual(pool.run([big]).shortages, [{ kind: 'again' }]);
    assert.equal(pool.serve(big).at(-1)?.shortages[0]?.kind, 'exhausted');
  });

  it('is followed by one from the head', () => {
    const pool = poolOf(...shortKeys(1500));
    assert.equal(pool.serve(big).at(-1)?.shortages[0]?.kind, 'exhausted');
    pool.rows.set('k0', stateOf(tier, { freshRank: 0 }));
    assert.deepEqual(keyIds([pool.run([big])]), ['k0']);
  });
});

describe('a search that was broken off', () => {
  it('begins anew when no round went on with it for long, or the clock has stepped back', () => {
    for (const step of [5000, -5000]) {
      const pool = poolOf(...shortKeys(1500, () => NOW - 10_000));
      for (const [, state] of shortKeys(1500)) pool.rows.set(`k${state.freshRank}`, state);
      pool.run([big]);
      pool.now += step;
      pool.rows.set('k0', stateOf(tier, { freshRank: 0 }));
      assert.deepEqual(keyIds(pool.serve(big)), ['k0']);
    }
  });

  it('goes on where it found a key, until one that it passed over can serve', () => {
    const able = (i: number) => [`able${i}`, stateOf(tier, { freshRank: 2000 + i })] as const;
    const pool = poolOf(...shortKeys(2000, (i) => (i === 0 ? NOW - 600 : NOW)), able(0), able(1), able(2));
    pool.serve(big);
    for (const keyId of ['able1', 'able2', 'able0']) assert.deepEqual(keyIds([pool.run([big])]), [keyId]);
    pool.now += 500;
    assert.deepEqual(keyIds([pool.run([big])]), ['k0']);
  });
});

describe('a search of several rounds', () => {
  it('looks once more where a key that it passed over has become able meanwhile', () => {
    const pool = poolOf(...shortKeys(1500, (i) => (i === 0 ? NOW - 1050 : NOW)));
    pool.run([big]);
    pool.now += 60;
    assert.deepEqual(keyIds(pool.serve(big)), ['k0']);
  });

  it('looks once more where it began behind keys that an earlier one had passed over', () => {
    const pool = poolOf(...shortKeys(1500), ['able', stateOf(tier, { freshRank: 2000 })]);
    assert.deepEqual(keyIds([...pool.serve(big), ...pool.serve(big)]), ['able', 'able']);
    pool.rows.set('new', stateOf(tier, { freshRank: -5 }));
    assert.deepEqual(keyIds(pool.serve(big)), ['new']);
  });
});

/** Draws of `units` that all keys could serve at the pool's moment. */
function capacity({ rows, now }: MemoryPool, units: number): number {
  const limits = tier.features[0]?.limits ?? [];
  return [...rows.values()].reduce(
    (sum, row) => sum + Math.floor(freeUnderAll(row.meters.a ?? {}, limits, now) / units),
    0,
  );
}

describe('whatever was searched for before', () => {
  it('every draw is served as long as units suffice, and else all that there are', () => {
    const draws = fc.record({
      units: fc.integer({ min: 1, max: 10 }),
      size: fc.integer({ min: 1, max: 12 }),
      rounds: fc.integer({ min: 1, max: 30 }),
      waitMs: fc.constantFrom(0, 0, 1, 90, 400, 1500),
    });
    const used = fc.array(fc.nat(10), { maxLength: 150 });
    fc.assert(
      fc.property(used, fc.array(draws, { minLength: 1, maxLength: 12 }), (keys, wants) => {
        const meters = (n: number): KeyState['meters'] =>
          n > 0 ? { a: { s1000: { stamps: [{ at: NOW, n }] } } } : {};
        const states = keys.map(
          (n, i) => [`k${i}`, stateOf(tier, { meters: meters(n), freshRank: i }, NOW)] as const,
        );
        const pool = poolOf(...states);
        for (const { units, size, rounds, waitMs } of wants) {
          const could = capacity(pool, units);
          let left = size;
          let kind = 'again';
          for (let i = 0; i < rounds && kind === 'again'; i++) {
            const result = pool.run([groupOf([tier], 'a', left, units), ...crowd]);
            kind = result.shortages[0]?.kind ?? assert.fail('every group has an answer');
            left -= result.grants.reduce((sum, grant) => sum + grant.draws, 0);
          }
          if (kind !== 'again') assert.equal(size - left, Math.min(size, could));
          else assert.ok(rounds < 12, 'a search of 150 keys ends');
          pool.now += waitMs;
        }
      }),
      { numRuns: 300 },
    );
  });
});
