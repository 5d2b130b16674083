import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { budgetOf, stateOf, takeOf, tierOf } from '../../test/support/key-state.ts';
import { limitOf } from '../../test/support/meter-run.ts';
import { keySteps, keys, runKey } from '../../test/support/take-run.ts';
import { budgetSpent, budgetsNextAt, isUsable, placesOf } from './place.ts';
import { takeFromKey } from './take.ts';
import { queueName } from './tier.ts';

const tier = tierOf({ a: [limitOf('sliding', 2, 1000)], b: [] });
const [queueA, queueB] = [queueName('tier', 'a'), queueName('tier', 'b')];

describe('the places of a key', () => {
  it('are in the queue of every feature of its tier, one of ready and parked', () => {
    fc.assert(
      fc.property(keys, keySteps, (key, run) => {
        for (const { after, now } of runKey(key, run)) {
          if (!isUsable(after, now) || budgetsNextAt(after, 1, now) === null) continue;
          const places = placesOf(after, key.tier, now);
          for (const { name } of key.tier.features) {
            const queue = queueName(key.tier.id, name);
            assert.notEqual(queue in places.ready, queue in places.due);
          }
        }
      }),
    );
  });

  it('begin with the fresh rank, and keep the rank of the last use', () => {
    const fresh = stateOf(tier, { freshRank: -7 });
    assert.deepEqual(fresh.ready, { [queueA]: -7, [queueB]: -7 });
    const used = takeFromKey(fresh, takeOf(tier, 'b', { rank: 42 }), 10).state;
    assert.deepEqual(placesOf(used, tier, 10).ready, { [queueA]: -7, [queueB]: 42 });
  });

  it('of one whose limit is reached are parked in that queue until a unit comes back', () => {
    const spent = takeFromKey(stateOf(tier), takeOf(tier, 'a', { count: 2 }), 10).state;
    const places = placesOf(spent, tier, 20);
    assert.deepEqual(places.due, { [queueA]: 10 + 1000 + 100 });
    assert.deepEqual(Object.keys(places.ready), [queueB]);
  });

  it('of one whose budget is spent are parked everywhere until its window is over', () => {
    const key = stateOf(tier, { budgets: [budgetOf(1, 2000)] });
    const spent = takeFromKey(key, takeOf(tier, 'b'), 10).state;
    assert.ok(budgetSpent(spent, 20));
    assert.deepEqual(placesOf(spent, tier, 20).due, { [queueA]: 2110, [queueB]: 2110 });
  });

  it('are none where only an edit can bring it back', () => {
    const nowhere = { ready: {}, due: {} };
    const spent = { ...budgetOf(1), used: 1 };
    assert.deepEqual(placesOf(stateOf(tier, { state: 'disabled' }), tier, 0), nowhere);
    assert.deepEqual(placesOf(stateOf(tier, { state: 'quarantined' }), tier, 0), nowhere);
    assert.deepEqual(placesOf(stateOf(tier, { expireAt: 100 }), tier, 100), nowhere);
    assert.deepEqual(placesOf(stateOf(tier, { budgets: [spent] }), tier, 0), nowhere);
    assert.notDeepEqual(placesOf(stateOf(tier, { expireAt: 100 }), tier, 99), nowhere);
  });

  it('leave the queues of features that its tier has no more', () => {
    const without = { ...tier, features: tier.features.slice(1) };
    assert.deepEqual(Object.keys(placesOf(stateOf(tier), without, 0).ready), [queueB]);
  });
});
