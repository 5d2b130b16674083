import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { budgetOf, stateOf, tierOf } from '../../test/support/key-state.ts';
import { groupOf, memoryPool, served } from '../../test/support/memory-pool.ts';
import { limitOf } from '../../test/support/meter-run.ts';
import type { KeyState } from './key.ts';
import { STRIDE, TURN_MIN } from './virtual-time.ts';

const free = tierOf({ a: [], b: [] });
const tenPerSecond = tierOf({ a: [limitOf('sliding', 10, 1000)] });

function poolOf(states: Readonly<Record<string, KeyState>>) {
  return memoryPool(new Map(Object.entries(states)));
}

describe('a round', () => {
  it('serves from the least recently used key, over tiers and over ready and parked ones alike', () => {
    const other = { ...tierOf({ a: [] }, 'other') };
    const pool = poolOf({
      used: { ...stateOf(free), ready: { 'tier|a': 30 }, lastRank: { 'tier|a': 30 } },
      parked: { ...stateOf(free), ready: {}, due: { 'tier|a': 999_999 }, lastRank: { 'tier|a': 10 } },
      elsewhere: { ...stateOf(other), ready: { 'other|a': 20 }, lastRank: { 'other|a': 20 } },
    });
    const order = [1, 2, 3].flatMap(() => pool.run([groupOf([free, other], 'a', 1)]).grants);
    assert.deepEqual(
      order.map(({ keyId }) => keyId),
      ['parked', 'elsewhere', 'used'],
    );
  });

  it('makes up for nothing that a key missed while it was away', () => {
    const keys = Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`k${i}`, stateOf(free)]));
    const pool = poolOf(keys);
    for (let i = 0; i < 40; i += 1) pool.run([groupOf([free], 'a', 1)]);
    pool.rows.set('back', stateOf(free, { lastRank: { 'tier|a': 1 } }));
    const order = Array.from({ length: 10 }, () => pool.run([groupOf([free], 'a', 1)])).map(
      ({ grants }) => grants[0]?.keyId,
    );
    assert.equal(order[0], 'back');
    assert.equal(order.filter((keyId) => keyId === 'back').length, 2);
  });

  it('goes on where the keys of a queue stand, in a process that has just begun', () => {
    const ahead = TURN_MIN + 1e6;
    const pool = poolOf({
      ahead: stateOf(free, { lastRank: { 'tier|a': ahead } }),
      fresh: stateOf(free, { freshRank: -1 }),
    });
    pool.run([groupOf([free], 'a', 1)]);
    assert.equal(pool.rows.get('fresh')?.ready['tier|a'], ahead + STRIDE);
    const back = { lastRank: { 'tier|a': TURN_MIN + 1 } };
    const three = poolOf({
      one: stateOf(free, { lastRank: { 'tier|a': ahead } }),
      two: stateOf(free, { lastRank: { 'tier|a': ahead } }),
      back: stateOf(free, back),
    });
    const served = Array.from({ length: 9 }, () => three.run([groupOf([free], 'a', 1)]).grants[0]?.keyId);
    assert.ok(served.filter((keyId) => keyId === 'back').length <= 4, `${served}`);
    const parked = { ready: {}, due: { 'tier|a': 9e15 }, lastRank: { 'tier|a': ahead } };
    const waiting = poolOf({
      away: { ...stateOf(free), ...parked },
      fresh: stateOf(free, { freshRank: -1 }),
    });
    waiting.run([groupOf([free], 'a', 1)]);
    assert.equal(waiting.rows.get('fresh')?.ready['tier|a'], ahead + STRIDE);
  });

  it('gives several draws to one key where more draws wait than keys', () => {
    const pool = poolOf({ k1: stateOf(free), k2: stateOf(free), k3: stateOf(free) });
    const result = pool.run([groupOf([free], 'a', 64)]);
    assert.deepEqual(result.shortages, [{ kind: 'none' }]);
    assert.deepEqual([...served(pool, [result]).values()].sort(), [21, 21, 22]);
  });

  it('lets a draw of more units than a key has left pass over it, without moving its place', () => {
    const low = stateOf(tenPerSecond, {
      freshRank: -3,
      meters: { a: { s1000: { stamps: [{ at: 1e6, n: 6 }] } } },
    });
    const pool = poolOf({ low, full: stateOf(tenPerSecond, { freshRank: -2 }) });
    const big = pool.run([groupOf([tenPerSecond], 'a', 1, 10)]);
    assert.deepEqual(
      big.grants.map(({ keyId }) => keyId),
      ['full'],
    );
    assert.deepEqual(pool.rows.get('low')?.ready, low.ready);
    const small = pool.run([groupOf([tenPerSecond], 'a', 9)]);
    assert.deepEqual(served(pool, [small]).get('low'), 4);
    assert.deepEqual(small.shortages, [{ kind: 'exhausted', nextAt: 1e6 + 1100 }]);
  });

  it('names the earliest of all moments when none can serve, and waits for none that never comes', () => {
    const at = (state: Partial<KeyState>) => ({ ...stateOf(free), ready: {}, due: {}, ...state });
    const waiting = poolOf({ late: at({ due: { 'tier|a': 9e9 } }), soon: at({ due: { 'tier|a': 8e9 } }) });
    assert.deepEqual(waiting.run([groupOf([free], 'a', 2)]).shortages, [{ kind: 'exhausted', nextAt: 8e9 }]);
    const spent = poolOf({ k: stateOf(free, { budgets: [{ ...budgetOf(5), used: 4 }] }) });
    assert.deepEqual(spent.run([groupOf([free], 'a', 2)]).shortages, [{ kind: 'empty' }]);
    assert.deepEqual(poolOf({}).run([groupOf([free], 'a', 1)]).shortages, [{ kind: 'empty' }]);
  });
});

describe('in a crowded pool a round', () => {
  it('says "again" where keys are in use by another round or became of unknown state', () => {
    const pool = poolOf({ k1: stateOf(free) });
    pool.busy.add('k1');
    const result = pool.run([groupOf([free], 'a', 1)]);
    assert.deepEqual([result.grants, result.shortages], [[], [{ kind: 'again' }]]);
  });

  it('says "stale" with the tier whose newer revision a row has seen', () => {
    const pool = poolOf({ k1: stateOf({ ...free, revision: 2 }) });
    const result = pool.run([groupOf([free], 'a', 3)]);
    assert.deepEqual(result.shortages, [{ kind: 'stale', tierId: 'tier' }]);
  });

  it('lets a spent budget count for the draws of other features in it', () => {
    const pool = poolOf({ k1: stateOf(free, { budgets: [budgetOf(3)] }) });
    const result = pool.run([groupOf([free], 'a', 2), groupOf([free], 'b', 2)]);
    assert.deepEqual([...served(pool, [result]).values()], [3]);
    assert.deepEqual(
      result.shortages.map(({ kind }) => kind),
      ['none', 'empty'],
    );
  });

  it('gets past any number of keys in one position', () => {
    const rank = { lastRank: { 'tier|a': 5 } };
    const spent = { ...stateOf(free, rank), meters: {}, expireAt: 1 };
    const states = Array.from({ length: 700 }, (_, i) => [`k${i}`, spent] as const);
    const pool = poolOf({
      ...Object.fromEntries(states),
      last: stateOf(free, { lastRank: { 'tier|a': 6 } }),
    });
    const results = pool.serve(groupOf([free], 'a', 1));
    assert.deepEqual(
      results.flatMap(({ grants }) => grants.map(({ keyId }) => keyId)),
      ['last'],
    );
  });
});

describe('a search that is too long for one round', () => {
  const usedAt = (at: number) => ({ meters: { a: { s1000: { stamps: [{ at, n: 6 }] } } } });
  const shortKeys = (count: number) =>
    Array.from(
      { length: count },
      (_, i) => [`k${i}`, stateOf(tenPerSecond, { ...usedAt(1e6 - (i % 7)), freshRank: i }, 1e6)] as const,
    );
  const big = groupOf([tenPerSecond], 'a', 1, 5);

  it('goes on in the next, and refuses with the earliest moment of all keys it passed over', () => {
    const results = poolOf(Object.fromEntries(shortKeys(3000))).serve(big);
    assert.ok(results.length > 1 && results.every(({ grants }) => grants.length === 0));
    assert.deepEqual(results.at(-1)?.shortages, [{ kind: 'exhausted', nextAt: 1e6 - 6 + 1100 }]);
  });

  it('finds the one key that can serve, wherever it stands', () => {
    for (const freshRank of [-1, 1500, 9000]) {
      const pool = poolOf({
        ...Object.fromEntries(shortKeys(3000)),
        full: stateOf(tenPerSecond, { freshRank }),
      });
      const grants = pool.serve(big).flatMap((result) => result.grants);
      assert.deepEqual(
        grants.map(({ keyId }) => keyId),
        ['full'],
      );
    }
  });

  it('hides no key from later draws: neither one that it passed over, nor one that came since', () => {
    const pool = poolOf(Object.fromEntries(shortKeys(1200)));
    pool.serve(big);
    pool.now += 2000;
    const all = pool.serve(groupOf([tenPerSecond], 'a', 2400, 5)).flatMap((result) => result.grants);
    assert.equal(
      all.reduce((sum, { draws }) => sum + draws, 0),
      2400,
    );
    pool.rows.set('new', stateOf(tenPerSecond, { freshRank: -5 }));
    assert.deepEqual(
      pool.serve(big).flatMap((result) => result.grants.map(({ keyId }) => keyId)),
      ['new'],
    );
  });
});
