import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { budgetOf, stateOf, takeOf, tierOf } from '../../test/support/key-state.ts';
import { keySteps, keys, runKey } from '../../test/support/take-run.ts';
import type { KeyState } from './key.ts';
import { settleTake, takeFromKey } from './take.ts';

const tier = tierOf({ a: [] });

function used(state: KeyState): readonly number[] {
  return state.budgets.map((budget) => budget.used);
}

describe('settling a take', () => {
  it('gives back what was not real, once: doing it again changes nothing', () => {
    fc.assert(
      fc.property(keys, keySteps, fc.double({ min: 0, max: 1, noNaN: true }), (key, run, share) => {
        const state = runKey(key, run).at(-1)?.after ?? key.state;
        for (const entry of state.open) {
          const real = Math.round(entry.n * share);
          const once = settleTake(state, entry, real);
          assert.equal(once.open.length, state.open.length - 1);
          for (const [i, budget] of state.budgets.entries()) {
            const back = entry.epochs.includes(budget.epoch) ? entry.n - real : 0;
            assert.equal(used(once)[i], budget.used - back);
          }
          assert.equal(settleTake(once, entry, real), once);
        }
      }),
    );
  });

  it('never makes a count negative', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 20 }), (n, usedNow) => {
        const budgets = [{ ...budgetOf(100), used: usedNow }];
        const open = [{ take: 't', n, units: 1, end: 0, epochs: [0] }];
        assert.ok((used(settleTake(stateOf(tier, { budgets, open }), { take: 't', n }, 0))[0] ?? -1) >= 0);
      }),
    );
  });

  it('passes over a take that is unknown or has shrunk since', () => {
    const { state } = takeFromKey(
      stateOf(tier, { budgets: [budgetOf(9)] }),
      takeOf(tier, 'a', { take: 't', count: 5 }),
      1,
    );
    assert.equal(settleTake(state, { take: 'other', n: 5 }, 0), state);
    assert.equal(settleTake(state, { take: 't', n: 4 }, 0), state);
  });

  it('gives nothing back into a budget whose window rolled since, and its units into the others', () => {
    const key = stateOf(tier, { budgets: [budgetOf(9, 1000, 0), budgetOf(50, null, 1)] });
    const first = takeFromKey(key, takeOf(tier, 'a', { take: 't1', count: 5 }), 1000).state;
    const rolled = takeFromKey(first, takeOf(tier, 'a', { take: 't2', count: 2 }), 2100).state;
    assert.deepEqual(used(rolled), [2, 7]);
    assert.deepEqual(used(settleTake(rolled, { take: 't1', n: 5 }, 0)), [2, 2]);
  });

  it('gives nothing back into a budget that was reset since', () => {
    const key = stateOf(tier, { budgets: [budgetOf(9)] });
    const { state } = takeFromKey(key, takeOf(tier, 'a', { take: 't1', count: 5 }), 1000);
    const reset = { ...state, epoch: 1, budgets: [{ ...budgetOf(9, null, 1), used: 3 }] };
    assert.deepEqual(used(settleTake(reset, { take: 't1', n: 5 }, 0)), [3]);
  });

  it('gives back into a budget whose limit was edited since', () => {
    const key = stateOf(tier, { budgets: [budgetOf(9)] });
    const { state } = takeFromKey(key, takeOf(tier, 'a', { take: 't1', count: 5 }), 1000);
    const edited = { ...state, budgets: state.budgets.map((budget) => ({ ...budget, limit: 20 })) };
    assert.deepEqual(used(settleTake(edited, { take: 't1', n: 5 }, 1)), [1]);
  });
});
