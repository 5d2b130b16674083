import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { budgetOf, stateOf, takeOf, tierOf } from '../../../test/support/key-state.ts';
import { limitOf } from '../../../test/support/meter-run.ts';
import { groupOf } from '../../../test/support/quota-groups.ts';
import { PLAIN_TRAITS } from '../../model/key.ts';
import { freeUnderAll } from '../../model/meter.ts';
import { groupUnitAt, placesWithout, takeFromBoth } from './group-take.ts';

const HOUR_MS = 3_600_000;
const room = fc.record({ limit: fc.integer({ min: 1, max: 40 }), budget: fc.integer({ min: 1, max: 40 }) });
const asked = fc.record({ units: fc.integer({ min: 1, max: 6 }), count: fc.integer({ min: 1, max: 12 }) });

describe('a take of a key and its group', () => {
  it('grants as many draws as both have units for, and counts them in both, to the last unit', () => {
    fc.assert(
      fc.property(room, room, fc.array(asked, { minLength: 1, maxLength: 12 }), (own, shared, takes) => {
        const tier = tierOf({ a: [limitOf('sliding', own.limit, HOUR_MS)] });
        let key = stateOf(tier, {
          budgets: [budgetOf(own.budget)],
          traits: { ...PLAIN_TRAITS, groupId: 'account' },
        });
        const limits = [limitOf('sliding', shared.limit, HOUR_MS)];
        let group: ReturnType<typeof takeFromBoth>['group'] = groupOf('account', {
          limits,
          budgets: [budgetOf(shared.budget)],
        });
        let left = Math.min(own.limit, own.budget, shared.limit, shared.budget);
        let used = 0;
        for (const { units, count } of takes) {
          const request = takeOf(tier, 'a', { units, count, openMs: 0 });
          const { state, took, group: after } = takeFromBoth(key, group, request, 1000);
          const expected = units * Math.min(count, Math.floor(left / units));
          assert.equal(took.granted, expected);
          left -= expected;
          used += expected;
          assert.deepEqual([state.budgets[0]?.used, after.budgets[0]?.used], [used, used]);
          assert.equal(freeUnderAll(after.meters, limits, 1000), shared.limit - used);
          if (expected === 0) assert.equal(after, group);
          [key, group] = [state, after];
        }
      }),
    );
  });

  it('is refused for the group with the moment at which that has so many', () => {
    const tier = tierOf({ a: [] });
    const key = stateOf(tier);
    const limits = [limitOf('sliding', 4, HOUR_MS, 0)];
    const first = takeFromBoth(
      key,
      groupOf('account', { limits }),
      takeOf(tier, 'a', { count: 3, openMs: 0 }),
      1000,
    );
    assert.equal(groupUnitAt(first.group, 1000), 1000);
    const short = takeFromBoth(first.state, first.group, takeOf(tier, 'a', { units: 2, openMs: 0 }), 2000);
    assert.deepEqual(
      [short.took.reason, short.took.granted, short.took.nextAt],
      ['short', 0, 1000 + HOUR_MS],
    );
    const last = takeFromBoth(first.state, first.group, takeOf(tier, 'a', { openMs: 0 }), 3000);
    assert.equal(last.took.granted, 1);
    assert.equal(groupUnitAt(last.group, 3000), 1000 + HOUR_MS);
    const none = takeFromBoth(last.state, last.group, takeOf(tier, 'a', { openMs: 0 }), 4000);
    assert.deepEqual([none.took.reason, none.took.nextAt], ['exhausted', 1000 + HOUR_MS]);
  });

  it('leaves places that wait long enough as they are, and lets none be ready before the group has a unit', () => {
    const waiting = { ready: {}, due: { 'tier|a': 500, 'tier|b': 900 } } as const;
    assert.equal(placesWithout(waiting, 400), waiting);
    assert.deepEqual(placesWithout(waiting, 600), { ready: {}, due: { 'tier|a': 600, 'tier|b': 900 } });
    const ready = { ready: { 'tier|a': 3 }, due: { 'tier|b': 900 } } as const;
    assert.deepEqual(placesWithout(ready, 600), { ready: {}, due: { 'tier|a': 600, 'tier|b': 900 } });
    assert.deepEqual(placesWithout(ready, null), { ready: {}, due: {} });
    assert.deepEqual(placesWithout(waiting, null), { ready: {}, due: {} });
  });
});
