import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { budgetOf, stateOf, takeOf, tierOf } from '../../test/support/key-state.ts';
import { limitOf } from '../../test/support/meter-run.ts';
import { type Done, keySteps, keys, runKey, standsFrom } from '../../test/support/take-run.ts';
import { OPEN_TAKES_MAX } from './key.ts';
import { budgetSpent, budgetsNextAt, placesOf } from './place.ts';
import { takeFromKey } from './take.ts';

function always(property: (done: Done) => void): void {
  fc.assert(
    fc.property(keys, keySteps, (key, run) => runKey(key, run).forEach(property)),
    { numRuns: 300 },
  );
}

/** The same where the clock never steps back, and no list of open takes is ever full. */
function whileTimeRuns(property: (done: Done) => void): void {
  const forwards = keySteps.map((run) =>
    run.slice(0, OPEN_TAKES_MAX).map((step) => ({ ...step, gapMs: Math.abs(step.gapMs) })),
  );
  fc.assert(
    fc.property(keys, forwards, (key, run) => runKey(key, run).forEach(property)),
    { numRuns: 300 },
  );
}

describe('after a take the key', () => {
  it('is never ready and parked in one queue', () => {
    always(({ after }) => {
      for (const queue of Object.keys(after.ready)) assert.ok(!(queue in after.due));
    });
  });

  it('stands in the queue of the take where its row, worked out anew, would put it', () => {
    whileTimeRuns(({ request, took, tier, after }) => {
      if (request === null || took === null || took.reason === 'stale') return;
      const anew = placesOf(after, tier, took.at);
      const [is, should] = [after, anew].map((places) =>
        Math.max(took.at, standsFrom(places, tier, request.feature)),
      );
      assert.equal(is, should);
    });
  });

  it('stands nowhere later than its row allows, so no queue loses it', () => {
    whileTimeRuns(({ took, tier, after }) => {
      if (took === null || took.reason === 'stale') return;
      const anew = placesOf(after, tier, took.at);
      for (const { name } of tier.features)
        assert.ok(standsFrom(after, tier, name) <= Math.max(took.at, standsFrom(anew, tier, name)));
    });
  });

  it('is ready with the rank of this use when it has more to give', () => {
    always(({ request, took, after }) => {
      if (request === null || took === null || took.granted === 0) return;
      assert.equal(after.lastRank[request.queue], request.rank);
      assert.ok((after.ready[request.queue] ?? request.rank) === request.rank);
    });
  });

  it('is ready nowhere when a budget is spent, whichever feature spent it', () => {
    always(({ took, after }) => {
      if (took === null || took.reason === 'stale' || took.reason === 'unusable') return;
      if (!budgetSpent(after, took.at)) return;
      assert.deepEqual(after.ready, {});
      const at = budgetsNextAt(after, 1, took.at);
      for (const due of Object.values(after.due)) assert.ok(at !== null && due >= at);
    });
  });

  it('is out of every queue when it is not active or expired', () => {
    const tier = tierOf({ a: [], b: [] });
    const stands = stateOf(tier, { expireAt: 5000 });
    for (const state of [{ ...stands, state: 'disabled' as const }, stands]) {
      const { state: after, took } = takeFromKey(state, takeOf(tier, 'a'), 5000);
      assert.deepEqual([took.reason, took.nextAt], ['unusable', null]);
      assert.deepEqual([after.ready, after.due], [{}, {}]);
    }
  });
});

describe('a take of more units than are left', () => {
  const tier = tierOf({ a: [limitOf('sliding', 10, 1000)] });
  const five = takeFromKey(stateOf(tier), takeOf(tier, 'a', { count: 5 }), 100).state;

  it('leaves the key where it stands, so that smaller ones find it', () => {
    const { state, took } = takeFromKey(five, takeOf(tier, 'a', { units: 10 }), 100);
    assert.equal(took.reason, 'short');
    assert.deepEqual([state.ready, state.due, state.lastRank], [five.ready, five.due, five.lastRank]);
    assert.equal(takeFromKey(state, takeOf(tier, 'a', { count: 9 }), 100).took.granted, 5);
  });

  it('names the moment when so many can be had', () => {
    assert.equal(takeFromKey(five, takeOf(tier, 'a', { units: 10 }), 100).took.nextAt, 100 + 1000 + 100);
  });
});

describe('a spent lifetime budget', () => {
  const tier = tierOf({ a: [], b: [] });
  const key = stateOf(tier, { budgets: [budgetOf(3)] });
  const open = takeFromKey(key, takeOf(tier, 'a', { take: 't1', count: 9, openMs: 500 }), 100);

  it('parks the key in all queues while a take of it is open', () => {
    assert.equal(open.took.granted, 3);
    assert.deepEqual(open.state.ready, {});
    assert.deepEqual(Object.values(open.state.due), [2600, 2600]);
  });

  it('takes it out of all queues when that is settled', () => {
    const { state, took } = takeFromKey(open.state, takeOf(tier, 'b', { settled: ['t1'] }), 2600);
    assert.deepEqual([took.reason, took.nextAt], ['exhausted', null]);
    assert.deepEqual([state.ready, state.due, state.open], [{}, {}, []]);
  });
});

describe('a budget spent through one feature', () => {
  it('leaves the key parked for another until its own limit there lets it, when that is later', () => {
    const tier = tierOf({ a: [limitOf('sliding', 1, 60_000)], b: [] });
    const key = stateOf(tier, { budgets: [budgetOf(2, 1000)] });
    const limited = takeFromKey(key, takeOf(tier, 'a'), 0).state;
    const spent = takeFromKey(limited, takeOf(tier, 'b'), 10).state;
    assert.deepEqual(spent.due, { 'tier|a': 61_000, 'tier|b': 1100 });
  });
});

describe('a take whose audit commits with it', () => {
  it('leaves nothing open, so that a lifetime budget takes the key out with its last unit', () => {
    const key = stateOf(tierOf({ a: [], b: [] }), { budgets: [budgetOf(3)] });
    const { state, took } = takeFromKey(key, takeOf(tierOf({ a: [] }), 'a', { count: 3, openMs: 0 }), 100);
    assert.deepEqual([took.granted, took.nextAt], [3, null]);
    assert.deepEqual([state.ready, state.due, state.open], [{}, {}, []]);
  });
});

describe('a key with 64 open takes', () => {
  it('waits until one of them is settled', () => {
    const tier = tierOf({ a: [] });
    let state = stateOf(tier, { budgets: [budgetOf(1000)] });
    for (let i = 0; i < OPEN_TAKES_MAX; i++)
      state = takeFromKey(state, takeOf(tier, 'a', { take: `t${i}`, openMs: 500 }), 100).state;
    const full = takeFromKey(state, takeOf(tier, 'a'), 100);
    assert.deepEqual([full.took.granted, full.took.nextAt], [0, 2600]);
    assert.equal(takeFromKey(full.state, takeOf(tier, 'a', { settled: ['t7'] }), 100).took.granted, 1);
  });
});
