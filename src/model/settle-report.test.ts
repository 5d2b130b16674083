import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { budgetOf, stateOf, takeOf, tierOf } from '../../test/support/key-state.ts';
import { limitOf } from '../../test/support/meter-run.ts';
import { drawFrom, policyOf, reportOf } from '../../test/support/reported-draws.ts';
import { budgetDebt, budgetUsed } from './budget-view.ts';
import type { KeyState } from './key.ts';
import type { MeterState } from './meter.ts';
import { APPLIED_MAX, applyReport, type ReportedDraw, settleInGroup } from './outcome-report.ts';
import type { GroupState } from './quota-group.ts';

const START = 1_000_000;
const LONG_MS = 50_000_000;
/** Nothing leaves or rolls while a run lasts: what is counted is all that was used. */
const limits = [
  limitOf('sliding', 30, LONG_MS),
  limitOf('sliding', 500, 2 * LONG_MS),
  limitOf('fixed', 500, LONG_MS),
];

const step = fc.record({
  gapMs: fc.integer({ min: 0, max: 60_000 }),
  units: fc.integer({ min: 1, max: 4 }),
  count: fc.integer({ min: 1, max: 4 }),
  /** Which of the draws so far is reported, as a share of them, with the units really used. */
  report: fc.option(
    fc.record({
      which: fc.double({ min: 0, max: 0.999, noNaN: true }),
      used: fc.option(fc.integer({ min: 0, max: 40 })),
    }),
  ),
});
const steps = fc.array(step, { minLength: 1, maxLength: 40 });

function unitsIn(meter: MeterState | undefined): number {
  if (meter === undefined) return 0;
  return 'stamps' in meter ? meter.stamps.reduce((sum, { n }) => sum + n, 0) : meter.used;
}

const withUnits = (tierLimits: typeof limits, settleTimeoutMs: number | null = null) => ({
  ...tierOf({ a: tierLimits }),
  policy: policyOf({ settleTimeoutMs }),
});

describe('units that are settled', () => {
  it('leave in every meter and budget what was really used, however often a report comes', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const tier = withUnits(limits);
        let state = stateOf(tier, { budgets: [budgetOf(300), budgetOf(200, LONG_MS, 1)] }, START);
        const used = new Map<string, number>();
        const reported = new Set<string>();
        const draws: ReportedDraw[] = [];
        let now = START;
        for (const { gapMs, units, count, report } of all) {
          now += gapMs;
          const taken = drawFrom(state, takeOf(tier, 'a', { units, count }), now);
          state = taken.state;
          for (const draw of taken.draws) used.set(draw.drawId, draw.units);
          draws.push(...taken.draws);
          const of = report === null ? undefined : draws[Math.floor(report.which * draws.length)];
          if (of === undefined || report === null) continue;
          const isLate = now >= of.at + 3_600_000;
          if (!reported.has(of.drawId) && !isLate) used.set(of.drawId, report.used ?? of.units);
          // One that changed nothing may be applied again: it is on record, and changes nothing then either.
          if (reported.has(of.drawId)) continue;
          reported.add(of.drawId);
          const once = applyReport(state, tier, of, reportOf(of, now, { units: report.used }), now);
          state = once.state;
          if (report.used !== null && report.used !== of.units && !isLate)
            assert.equal(applyReport(state, tier, of, reportOf(of, now, { units: 0 }), now).state, state);
          const sum = [...used.values()].reduce((total, n) => total + n, 0);
          for (const budget of state.budgets) {
            assert.equal(budgetUsed(budget, now), sum);
            assert.equal(budgetDebt(budget, now), Math.max(0, sum - budget.limit));
          }
          for (const meter of Object.values(state.meters.a ?? {})) assert.equal(unitsIn(meter), sum);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('beyond a limit keep the key away until they have left it', () => {
    const tier = withUnits([limitOf('sliding', 5, 1000)]);
    const { state, draws } = drawFrom(stateOf(tier, {}, START), takeOf(tier, 'a'), START);
    const [draw] = draws;
    assert.ok(draw !== undefined);
    const { state: after } = applyReport(
      state,
      tier,
      draw,
      reportOf(draw, START + 10, { units: 9 }),
      START + 10,
    );
    assert.deepEqual([after.ready, after.due], [{}, { 'tier|a': START + 10 + 1100 }]);
  });

  for (const algorithm of ['sliding', 'fixed'] as const)
    it(`leave counted what counts for a take whose clock is behind the report’s: ${algorithm}`, () => {
      const tier = withUnits([limitOf(algorithm, 5, 1000)]);
      const { state, draws } = drawFrom(stateOf(tier, {}, START), takeOf(tier, 'a', { units: 4 }), START);
      const [draw] = draws;
      assert.ok(draw !== undefined);
      const ahead = START + 3000;
      const { state: after } = applyReport(state, tier, draw, reportOf(draw, ahead, { units: 5 }), ahead);
      const { took } = drawFrom(after, takeOf(tier, 'a', { count: 5 }), START + 10);
      // All of it, or what is free after the report's moment, at that moment.
      if (algorithm === 'sliding') assert.equal(took.granted, 0);
      else assert.deepEqual([took.granted, took.at], [4, ahead]);
    });

  it('bring back the key that they kept away', () => {
    const tier = withUnits([limitOf('sliding', 5, 1000)]);
    const key = stateOf(tier, { budgets: [budgetOf(5)] }, START);
    const { state, draws } = drawFrom(key, takeOf(tier, 'a', { units: 5, openMs: 0 }), START);
    assert.deepEqual([state.ready, state.due], [{}, {}]);
    const [draw] = draws;
    assert.ok(draw !== undefined);
    const { state: after } = applyReport(
      state,
      tier,
      draw,
      reportOf(draw, START + 10, { units: 1 }),
      START + 10,
    );
    assert.deepEqual(Object.keys(after.ready), ['tier|a']);
    assert.equal(drawFrom(after, takeOf(tier, 'a', { count: 9 }), START + 11).took.granted, 4);
  });
});

describe('a report', () => {
  const tier = withUnits(limits, 1000);
  const taken = drawFrom(
    stateOf(tier, { budgets: [budgetOf(50)] }, START),
    takeOf(tier, 'a', { units: 3 }),
    START,
  );
  const [draw] = taken.draws;
  assert.ok(draw !== undefined);

  it('that comes after the settle timeout settles nothing', () => {
    const late = START + 1000;
    const { state } = applyReport(taken.state, tier, draw, reportOf(draw, late, { units: 40 }), late);
    assert.deepEqual([state.budgets, state.meters], [taken.state.budgets, taken.state.meters]);
    assert.deepEqual(state.holds, []);
  });

  it('that changes nothing gives the very row back', () => {
    const plain = withUnits(limits);
    const { state, draws } = drawFrom(stateOf(plain, {}, START), takeOf(plain, 'a'), START);
    const [one] = draws;
    assert.ok(one !== undefined);
    for (const parts of [{}, { outcome: 'invalid_request' }, { units: 1 }] as const)
      assert.equal(applyReport(state, plain, one, reportOf(one, START, parts), START).state, state);
  });

  it('of a feature that is gone settles the budgets all the same', () => {
    const without = { ...tier, features: [] };
    const { state } = applyReport(taken.state, without, draw, reportOf(draw, START, { units: 1 }), START);
    assert.deepEqual(
      state.budgets.map(({ used }) => used),
      [1],
    );
    assert.deepEqual([state.ready, state.due], [{}, {}]);
  });

  it('is remembered with 63 others', () => {
    let state: KeyState = taken.state;
    const ids = Array.from({ length: APPLIED_MAX + 1 }, (_, i) => `take.${i}`);
    for (const drawId of ids)
      state = applyReport(state, tier, { ...draw, drawId }, reportOf(draw, START, { units: 4 }), START).state;
    assert.deepEqual(state.health.applied, ids.slice(1));
  });
});

describe('a report of a draw from a quota group', () => {
  it('settles its units there, once', () => {
    const group: GroupState = {
      limits: [limitOf('sliding', 10, 60_000)],
      meters: { s60000: { stamps: [{ at: START, n: 4 }] } },
      budgets: [{ ...budgetOf(20), used: 4 }],
      epoch: 0,
      open: [],
      takenAt: START,
      applied: [],
    };
    const tier = withUnits([]);
    const draw = {
      ...(drawFrom(stateOf(tier), takeOf(tier, 'a', { units: 4 }), START).draws[0] ?? assert.fail()),
    };
    const report = reportOf(draw, START + 5, { units: 1 });
    const after = settleInGroup(group, tier.policy, draw, report, START + 5);
    assert.deepEqual([unitsIn(after.meters.s60000), after.budgets[0]?.used], [1, 1]);
    assert.equal(settleInGroup(after, tier.policy, draw, report, START + 6), after);
    assert.equal(settleInGroup(group, tier.policy, draw, reportOf(draw, START, {}), START), group);
  });
});
