import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { budgetOf } from '../../test/support/key-state.ts';
import { type Budget, budgetFree, budgetNextAt, budgetRolls, chargeBudget } from './budget.ts';
import { guardMs } from './tier.ts';

const limit = fc.integer({ min: 1, max: 50 });
const windowMs = fc.integer({ min: 100, max: 20_000 });
const steps = fc.array(
  fc.record({ gapMs: fc.integer({ min: 0, max: 9000 }), want: fc.integer({ min: 1, max: 60 }) }),
  { minLength: 1, maxLength: 50 },
);

interface Charged {
  readonly at: number;
  readonly n: number;
  readonly budget: Budget;
}

/** Charges at each step what is wanted and free, with epochs that are never used twice. */
function run(start: Budget, wants: readonly { readonly gapMs: number; readonly want: number }[]): Charged[] {
  let budget = start;
  let at = 1000;
  const log: Charged[] = [];
  for (const [i, { gapMs, want }] of wants.entries()) {
    at += gapMs;
    const n = Math.min(want, budgetFree(budget, at));
    if (n === 0) continue;
    budget = chargeBudget(budget, n, at, i + 1);
    log.push({ at, n, budget });
  }
  return log;
}

describe('a lifetime budget', () => {
  it('ends exactly at its limit', () => {
    fc.assert(
      fc.property(limit, steps, (max, wants) => {
        const wanted = wants.reduce((sum, { want }) => sum + want, 0);
        const charged = run(budgetOf(max), wants).reduce((sum, { n }) => sum + n, 0);
        assert.equal(charged, Math.min(max, wanted));
      }),
    );
  });

  it('keeps its epoch, and no waiting helps when it is spent', () => {
    const spent = chargeBudget(budgetOf(5), 5, 1000, 9);
    assert.equal(spent.epoch, 0);
    assert.equal(budgetFree(spent, 1e12), 0);
    assert.equal(budgetNextAt(spent, 1, 1000), null);
  });
});

describe('a budget with a window', () => {
  it('starts at its first unit and grants no more than its limit until it ends', () => {
    fc.assert(
      fc.property(limit, windowMs, steps, (max, window, wants) => {
        for (const { at, budget } of run(budgetOf(max, window), wants)) {
          assert.ok(budget.used <= max);
          const start = budget.startAt ?? assert.fail('a charged window has begun');
          assert.ok(at === start || at < start + window - guardMs({ windowMs: window }));
        }
      }),
    );
  });

  it('takes another epoch with each window, at least a window and a guard after the one before', () => {
    fc.assert(
      fc.property(limit, windowMs, steps, (max, window, wants) => {
        const log = run(budgetOf(max, window), wants);
        for (const [i, { budget }] of log.entries()) {
          const before = log[i - 1]?.budget;
          if (before === undefined || before.startAt === null || budget.startAt === null) continue;
          assert.equal(before.epoch === budget.epoch, before.startAt === budget.startAt);
          if (before.epoch !== budget.epoch)
            assert.ok(budget.startAt >= before.startAt + window + guardMs({ windowMs: window }));
        }
      }),
    );
  });

  it('has units free at the moment it names, and not a millisecond before', () => {
    fc.assert(
      fc.property(limit, windowMs, steps, limit, (max, window, wants, units) => {
        const last = run(budgetOf(max, window), wants).at(-1) ?? assert.fail('the first charge is granted');
        const at = budgetNextAt(last.budget, units, last.at);
        if (at === null) return assert.ok(units > max);
        assert.ok(budgetFree(last.budget, at) >= units);
        if (at > last.at) assert.ok(budgetFree(last.budget, at - 1) < units);
      }),
    );
  });

  it('rolls with the first unit after its end, not before', () => {
    const charged = chargeBudget(budgetOf(5, 10_000), 1, 0, 1);
    const guard = guardMs({ windowMs: 10_000 });
    assert.equal(budgetRolls(charged, 10_000 + guard - 1), false);
    assert.equal(budgetRolls(charged, 10_000 + guard), true);
  });
});

describe('an edited budget', () => {
  it('goes on counting: lowered below what was used it grants nothing, raised it grants the difference', () => {
    const charged = chargeBudget(budgetOf(10), 8, 0, 1);
    assert.equal(budgetFree({ ...charged, limit: 5 }, 0), 0);
    assert.equal(budgetFree({ ...charged, limit: 20 }, 0), 12);
  });
});
