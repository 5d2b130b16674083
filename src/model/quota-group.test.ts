import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { budgetOf } from '../../test/support/key-state.ts';
import { anyLimit, fullestWindow, type Granted } from '../../test/support/meter-run.ts';
import { OPEN_TAKES_MAX } from './key.ts';
import { type GroupRequest, type GroupState, groupNextAt, takeFromGroup } from './quota-group.ts';
import { settleTake } from './take.ts';

const START = 1_000_000;

function groupOf(parts: Partial<GroupState> = {}): GroupState {
  return { limits: [], meters: {}, budgets: [], epoch: 9, open: [], takenAt: 0, applied: [], ...parts };
}

function ask(take: string, parts: Partial<GroupRequest> = {}): GroupRequest {
  return { take, units: 1, count: 1, openMs: 1000, settled: [], charge: 'all', ...parts };
}

const step = fc.record({
  gapMs: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: -100, max: 6000 })),
  units: fc.integer({ min: 1, max: 4 }),
  count: fc.integer({ min: 1, max: 20 }),
  settles: fc.boolean(),
  /** Of the take before, how much was real, as a share; null while it is open. */
  real: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
});
const runs = fc.record({
  limits: fc.array(anyLimit, { maxLength: 2 }),
  budget: fc.integer({ min: 1, max: 60 }),
  steps: fc.array(step, { minLength: 1, maxLength: 80 }),
});

describe('a quota group', () => {
  it('never grants more than a limit in any window, nor more than its budget less what came back', () => {
    fc.assert(
      fc.property(runs, ({ limits, budget, steps }) => {
        let state = groupOf({ limits, budgets: [budgetOf(budget)] });
        let now = START;
        let spent = 0;
        const log: Granted[] = [];
        for (const [i, { gapMs, units, count, settles, real }] of steps.entries()) {
          now += gapMs;
          const settled = settles ? state.open.map(({ take }) => take) : [];
          const result = takeFromGroup(state, ask(`t${i}`, { units, count, settled }), now);
          const { granted, at } = result.took;
          state = result.state;
          assert.ok(granted % units === 0 && granted <= units * count);
          spent += granted;
          if (granted > 0) log.push({ at, n: granted });
          const entry = state.open[0];
          if (real !== null && entry !== undefined) {
            const kept = Math.round((entry.n / entry.units) * real) * entry.units;
            spent -= entry.n - kept;
            state = settleTake(state, entry, kept);
            assert.equal(settleTake(state, entry, 0), state);
          }
          assert.equal(state.budgets[0]?.used, spent);
          assert.ok(spent <= budget && state.open.length <= OPEN_TAKES_MAX);
        }
        for (const limit of limits)
          if (limit.algorithm === 'sliding') assert.ok(fullestWindow(log, limit.windowMs) <= limit.limit);
      }),
      { numRuns: 300 },
    );
  });

  it('says when it has a unit again, and not a millisecond too late', () => {
    fc.assert(
      fc.property(runs, ({ limits, steps }) => {
        let state = groupOf({ limits: limits.slice(0, 1) });
        let now = START;
        for (const [i, { gapMs, units, count }] of steps.entries()) {
          now += Math.abs(gapMs);
          const { state: after, took } = takeFromGroup(state, ask(`t${i}`, { units, count }), now);
          state = after;
          const at = groupNextAt(state, 1, now) ?? assert.fail('its limits come back');
          if (took.reason === 'exhausted') assert.ok(at > now);
          if (took.reason === 'short') assert.equal(at, now);
          assert.equal(takeFromGroup(state, ask('probe'), at).took.granted, 1);
          if (at > now) assert.equal(takeFromGroup(state, ask('probe'), at - 1).took.granted, 0);
        }
      }),
    );
  });

  it('of a late retry takes rate units only, and passes over settled takes', () => {
    const first = takeFromGroup(groupOf({ budgets: [budgetOf(1)] }), ask('a'), START).state;
    const retried = takeFromGroup(first, ask('b', { charge: 'rate' }), START + 1);
    assert.deepEqual([retried.took.granted, retried.state.budgets], [1, first.budgets]);
    const spent = takeFromGroup(first, ask('c', { settled: ['a'] }), START + 2);
    assert.deepEqual([spent.took.reason, spent.took.nextAt, spent.state.open], ['exhausted', null, []]);
  });
});
