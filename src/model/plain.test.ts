import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { budgetOf, stateOf, tierOf } from '../../test/support/key-state.ts';
import { policyOf } from '../../test/support/reported-draws.ts';
import { keySteps, keys, runKey } from '../../test/support/take-run.ts';
import { type KeyState, WELL } from './key.ts';
import { isPlain } from './plain.ts';

const state = stateOf(tierOf({ a: [] }));

describe('a plain row', () => {
  it('is what takes, resets and recoveries of keys with limits and budgets leave', () => {
    fc.assert(
      fc.property(keys, keySteps, (key, run) => runKey(key, run).every(({ after }) => isPlain(after))),
    );
  });

  it('is none of a key with a rest, a trial to come, draws in flight, a group or a ramp', () => {
    const others: Partial<KeyState>[] = [
      { health: { ...WELL, cooling: { a: 1 } } },
      { health: { ...WELL, trialAt: 1 } },
      { health: { ...WELL, trial: { take: 't', until: 1 } } },
      { holds: [{ take: 't', units: 1, serials: [0], until: 1 }] },
      { traits: { ...state.traits, groupId: 'g' } },
      { traits: { ...state.traits, rampFrom: 1 } },
    ];
    for (const parts of others) assert.equal(isPlain({ ...state, ...parts }), false);
  });

  it('has budgets whose windows start at their first unit, and no debt that goes on to the next', () => {
    const withBudget = (parts: object) =>
      isPlain({ ...state, budgets: [{ ...budgetOf(5, 1000), ...parts }] });
    assert.equal(withBudget({ used: 5, startAt: 1 }), true);
    assert.equal(withBudget({ used: 6, startAt: 1 }), false);
    assert.equal(withBudget({ used: 6, windowMs: null }), true);
    const periods = { kind: 'calendar', unit: 'day', timeZone: 'UTC' } as const;
    assert.equal(withBudget({ windowMs: null, periods }), false);
  });

  it('may have failures in a row, reports that were applied, a weight and a cap that its tier does not use', () => {
    const health = { ...WELL, failures: { timeout: 2 }, applied: ['t.0'], countedFrom: 5 };
    const traits = { ...state.traits, weight: 7, maxInFlight: 2 };
    assert.equal(isPlain({ ...state, health, traits }), true);
  });

  it('is so under a policy that keeps no draws in flight, and ranks by use', () => {
    assert.equal(isPlain(state, policyOf({ strategy: 'fill_first', maxInFlight: 3 })), true);
    assert.equal(isPlain(state, policyOf({ settleTimeoutMs: 1000 })), false);
    assert.equal(isPlain(state, policyOf({ strategy: 'most_remaining' })), false);
    assert.equal(isPlain(state, policyOf({ ramp: { fromPercent: 5, periodMs: 1000 } })), true);
  });
});
