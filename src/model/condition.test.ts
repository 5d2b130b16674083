import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { budgetOf, stateOf, tierOf } from '../../test/support/key-state.ts';
import { conditionOf } from './condition.ts';
import type { KeyState } from './key.ts';

const tier = tierOf({ scrape: [], search: [] });
const NOW = 1_000_000;

function conditionWith(parts: Partial<KeyState>) {
  return conditionOf({ ...stateOf(tier, {}, NOW), ...parts }, NOW);
}

describe('the condition of a key', () => {
  it('is ready when some feature can be drawn now, also one that waits in a place whose moment has come', () => {
    assert.deepEqual(conditionWith({}), { condition: 'ready', availableAt: null });
    const due = { 'tier|scrape': NOW + 5, 'tier|search': NOW } as const;
    assert.deepEqual(conditionWith({ ready: {}, due }), { condition: 'ready', availableAt: null });
  });

  it('is exhausted until its earliest moment when none can', () => {
    const due = { 'tier|scrape': NOW + 9, 'tier|search': NOW + 4 } as const;
    assert.deepEqual(conditionWith({ ready: {}, due }), { condition: 'exhausted', availableAt: NOW + 4 });
  });

  it('is exhausted with no moment when waiting does not help', () => {
    const spent = stateOf(tier, { budgets: [{ ...budgetOf(5), used: 5 }] }, NOW);
    assert.deepEqual(conditionOf(spent, NOW), { condition: 'exhausted', availableAt: null });
  });

  it('is the gravest of those that hold', () => {
    assert.equal(conditionWith({ expireAt: NOW }).condition, 'expired');
    assert.equal(conditionWith({ expireAt: NOW + 1 }).condition, 'ready');
    assert.equal(conditionWith({ expireAt: NOW, state: 'disabled' }).condition, 'disabled');
    assert.equal(conditionWith({ expireAt: NOW, state: 'quarantined' }).condition, 'quarantined');
  });
});
