import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { budgetOf } from '../../test/support/key-state.ts';
import {
  type Budget,
  budgetFree,
  budgetGuardMs,
  budgetNextAt,
  chargeBudget,
  settleBudget,
  withLimit,
} from './budget.ts';
import { type Periods, periodAt } from './budget-periods.ts';
import { budgetDebt, budgetRemaining, budgetResetAt, budgetUsed } from './budget-view.ts';

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 2, 27);
const inBerlin = { kind: 'calendar', unit: 'day', timeZone: 'Europe/Berlin' } as const;
const anchored = { kind: 'anchored', startAt: START, periodMs: 30_000 } as const;

function inPeriods(limit: number, periods: Periods): Budget {
  return { ...budgetOf(limit), periods };
}

/** A budget, and how long one of its windows is about. */
const budgets = fc.record({
  limit: fc.integer({ min: 1, max: 20 }),
  kind: fc.constantFrom(
    { spanMs: DAY_MS, of: (limit: number) => inPeriods(limit, inBerlin) },
    { spanMs: 30_000, of: (limit: number) => inPeriods(limit, anchored) },
    { spanMs: 10_000, of: (limit: number) => budgetOf(limit, 10_000) },
  ),
});

/** Parts of a span that pass; then a draw of as many units as are free, up to `want`, of which `more` were used besides. */
const steps = fc.array(
  fc.record({
    spans: fc.oneof(fc.double({ min: 0, max: 0.4, noNaN: true }), fc.double({ min: 0, max: 6, noNaN: true })),
    want: fc.integer({ min: 1, max: 25 }),
    more: fc.oneof(fc.constant(0), fc.integer({ min: -5, max: 70 })),
  }),
  { maxLength: 30 },
);

/** Counts as one would by hand: at each end of a window what is over the limit goes on to the next. */
function createLedger(budget: Budget) {
  let open: { startAt: number; endAt: number; used: number } | null = null;
  const windowAt = (at: number) => {
    if (budget.periods !== null) return periodAt(budget.periods, at);
    return { startAt: at, endAt: at + (budget.windowMs ?? 0) + budgetGuardMs(budget, at) };
  };
  const roll = (now: number): void => {
    while (open !== null && open.endAt <= now) {
      const over = Math.max(0, open.used - budget.limit);
      open = over > 0 ? { ...windowAt(open.endAt), used: over } : null;
    }
  };
  return {
    used: (now: number): number => {
      roll(now);
      return open?.used ?? 0;
    },
    add: (now: number, n: number): void => {
      roll(now);
      open ??= { ...windowAt(now), used: 0 };
      open.used += n;
    },
  };
}

/** Runs the steps with a budget and by hand, and shows each moment to `look`. */
function run(
  start: Budget,
  spanMs: number,
  all: readonly { spans: number; want: number; more: number }[],
  look: (budget: Budget, usedByHand: number, now: number) => void,
): void {
  const ledger = createLedger(start);
  let budget = start;
  let now = START;
  for (const [i, { spans, want, more }] of all.entries()) {
    now += Math.round(spans * spanMs);
    look(budget, ledger.used(now), now);
    const n = Math.min(want, budgetFree(budget, now));
    if (n === 0) continue;
    budget = chargeBudget(budget, n, now, i + 1);
    ledger.add(now, n);
    const by = Math.max(-n, more);
    budget = settleBudget(budget, by, now, now);
    ledger.add(now, by);
    look(budget, ledger.used(now), now);
  }
}

describe('debt', () => {
  it('is counted in the windows that follow, until it is worked off', () => {
    fc.assert(
      fc.property(budgets, steps, ({ limit, kind }, all) => {
        run(kind.of(limit), kind.spanMs, all, (budget, usedByHand, now) => {
          assert.equal(budgetUsed(budget, now), usedByHand);
          assert.equal(budgetDebt(budget, now), Math.max(0, usedByHand - limit));
          assert.equal(budgetRemaining(budget, now), Math.max(0, limit - usedByHand));
          assert.ok(budgetFree(budget, now) <= budgetRemaining(budget, now));
        });
      }),
      { numRuns: 300 },
    );
  });

  it('is over at the moment that is named for a unit, and not a millisecond before', () => {
    fc.assert(
      fc.property(budgets, steps, fc.integer({ min: 1, max: 25 }), ({ limit, kind }, all, units) => {
        run(kind.of(limit), kind.spanMs, all, (budget, _usedByHand, now) => {
          const at = budgetNextAt(budget, units, now);
          if (at === null) return assert.ok(units > limit);
          assert.ok(budgetFree(budget, at) >= units);
          if (at > now) assert.ok(budgetFree(budget, at - 1) < units);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('for life stays until the limit is raised', () => {
    const indebted = settleBudget(chargeBudget(budgetOf(5), 5, START, 1), 3, START, START);
    assert.deepEqual([budgetDebt(indebted, START), budgetNextAt(indebted, 1, START)], [3, null]);
    assert.equal(budgetFree(withLimit(indebted, 10, START), START), 2);
  });

  it('is none where only the limit has fallen: the next window is whole', () => {
    const used = chargeBudget(budgetOf(100, 10_000), 80, START, 1);
    const lowered = withLimit(used, 10, START + 1);
    assert.deepEqual([budgetUsed(lowered, START + 1), budgetDebt(lowered, START + 1)], [80, 0]);
    assert.equal(budgetNextAt(lowered, 10, START + 1), START + 10_500);
    const more = settleBudget(lowered, 4, START, START + 2);
    assert.equal(budgetDebt(more, START + 2), 4);
    assert.equal(budgetUsed(more, START + 10_500), 4);
    assert.deepEqual(withLimit(lowered, 100, START + 2), used);
  });

  it('that is worked off so far stays so when the limit is edited', () => {
    const indebted = settleBudget(chargeBudget(budgetOf(10, 10_000), 10, START, 1), 25, START, START);
    const later = START + 10_500;
    assert.equal(budgetUsed(withLimit(indebted, 1, later), later), 25);
    assert.equal(budgetUsed(withLimit(indebted, 100, later), later), 25);
  });
});

describe('a budget by the calendar', () => {
  const midnight = Date.parse('2026-03-29T00:00+01:00');
  const nextMidnight = Date.parse('2026-03-30T00:00+02:00');

  it('grants nothing within a second of midnight there, and all of it from then on', () => {
    const spent = chargeBudget(inPeriods(3, inBerlin), 3, midnight + 5000, 1);
    assert.equal(budgetNextAt(spent, 1, midnight + 6000), nextMidnight + 1000);
    assert.equal(budgetFree(inPeriods(3, inBerlin), nextMidnight - 1000), 0);
    assert.equal(budgetFree(inPeriods(3, inBerlin), nextMidnight - 1001), 3);
    assert.equal(budgetFree(spent, nextMidnight + 1000), 3);
  });

  it('shows midnight there as the moment when it is reset, used or not', () => {
    assert.equal(budgetResetAt(inPeriods(3, inBerlin), midnight), nextMidnight);
    assert.equal(
      budgetResetAt(chargeBudget(inPeriods(3, inBerlin), 3, midnight, 1), midnight + 9),
      nextMidnight,
    );
  });
});

describe('a budget with a start date', () => {
  it('grants nothing before it, and the whole limit from that moment on', () => {
    const budget = inPeriods(3, anchored);
    assert.equal(budgetFree(budget, START - 1), 0);
    assert.equal(budgetNextAt(budget, 3, START - 99_999), START);
    assert.equal(budgetFree(budget, START), 3);
    assert.deepEqual(
      [budgetResetAt(budget, START - 1), budgetResetAt(budget, START)],
      [null, START + 30_000],
    );
  });
});

describe('settling a draw in a budget', () => {
  it('leaves a count that began after it alone', () => {
    const window = chargeBudget(budgetOf(10, 10_000), 5, START, 1);
    assert.equal(settleBudget(window, -2, START - 1, START + 5), window);
    assert.equal(settleBudget(window, -2, START, START + 10_500), window);
    const reset = { ...budgetOf(10), countsFrom: START + 1 };
    assert.equal(settleBudget(reset, 4, START, START + 5), reset);
  });
});
