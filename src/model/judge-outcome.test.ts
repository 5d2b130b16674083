import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { stateOf, takeOf, tierOf } from '../../test/support/key-state.ts';
import { createPatient, type Rule } from '../../test/support/patient.ts';
import { drawFrom, policyOf, reportOf } from '../../test/support/reported-draws.ts';
import type { FailureRule } from './failure-policy.ts';
import { applyReport, type ReportedDraw } from './outcome-report.ts';

const START = 1_000_000;
const SETTLE_MS = 5000;

const rules: fc.Arbitrary<Rule> = fc.record({
  cooldown: fc.constantFrom('none' as const, 'feature' as const, 'key' as const),
  cooldownAfter: fc.integer({ min: 1, max: 3 }),
  minCooldownMs: fc.constantFrom(100, 1000),
  maxCooldownMs: fc.constantFrom(1000, 4000),
  quarantineAfter: fc.option(fc.integer({ min: 1, max: 5 })),
});

const step = fc.record({
  gapMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 9000 })),
  feature: fc.constantFrom('a', 'b'),
  /** How many draws ago the draw was made that is reported. */
  ago: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 4 })),
  report: fc.constantFrom('ok', 'fails', 'fails', 'fails', null),
  retryAfterMs: fc.option(fc.constantFrom(0, 500, 3000), { freq: 3 }),
});

const runs = fc.record({
  rule: rules,
  trialAfterMs: fc.option(fc.constantFrom(500, 2000)),
  steps: fc.array(step, { minLength: 1, maxLength: 60 }),
});

describe('what outcomes make of a key', () => {
  it('is what one would do by hand: it rests, is quarantined, tried and let back, and is drawn at no other time', () => {
    fc.assert(
      fc.property(runs, ({ rule, trialAfterMs, steps }) => {
        const failureRules: FailureRule[] = [{ outcome: 'forbidden', ...rule }];
        const policy = policyOf({ failureRules, trialAfterMs, settleTimeoutMs: SETTLE_MS });
        const tier = { ...tierOf({ a: [], b: [] }), policy };
        const patient = createPatient(rule, trialAfterMs, SETTLE_MS);
        let state = stateOf(tier, {}, START);
        let now = START;
        const draws: ReportedDraw[] = [];
        const reported = new Set<string>();
        for (const { gapMs, feature, ago, report, retryAfterMs } of steps) {
          now += gapMs;
          const expected = patient.draw(feature, now);
          const taken = drawFrom(state, takeOf(tier, feature), now);
          assert.equal(taken.draws.length === 1, expected !== null);
          state = taken.state;
          const [drawn] = taken.draws;
          if (drawn !== undefined && expected !== null) {
            draws.push(drawn);
            patient.name(expected, drawn.drawId);
          }
          const of = draws.at(-1 - ago);
          if (report === null || of === undefined || reported.has(of.drawId)) continue;
          reported.add(of.drawId);
          const parts = report === 'ok' ? {} : ({ outcome: 'forbidden', retryAfterMs } as const);
          const result = applyReport(state, tier, of, reportOf(of, now, parts), now);
          assert.equal(applyReport(result.state, tier, of, reportOf(of, now, parts), now).released, false);
          state = result.state;
          patient.report(of.drawId, report === 'fails', parts.retryAfterMs ?? null, now);
          assert.equal(state.state === 'quarantined', patient.isQuarantined());
          assert.equal(state.health.failures.forbidden ?? 0, patient.streak());
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a rest', () => {
  const policy = policyOf({
    failureRules: [
      {
        outcome: 'timeout',
        cooldown: 'key',
        cooldownAfter: 2,
        minCooldownMs: 1000,
        maxCooldownMs: 6000,
        quarantineAfter: null,
      },
    ],
  });
  const tier = { ...tierOf({ a: [], b: [] }), policy };

  /** How long each of these failures in a row puts the key to rest. */
  function rests(
    count: number,
    parts: { readonly retryAfterMs?: number; readonly jitter?: number },
  ): number[] {
    let state = stateOf(tier, {}, START);
    let now = START;
    return Array.from({ length: count }, () => {
      now += 60_000_000;
      const taken = drawFrom(state, takeOf(tier, 'a'), now);
      const draw = taken.draws[0] ?? assert.fail('it has come back');
      state = applyReport(
        taken.state,
        tier,
        draw,
        reportOf(draw, now, { outcome: 'timeout', ...parts }),
        now,
      ).state;
      const until = state.health.cooling['*'] ?? now;
      assert.deepEqual(Object.values(state.due), until > now ? [until, until] : []);
      return until - now;
    });
  }

  it('doubles with each failure in a row beyond the first that counts, up to its longest', () => {
    assert.deepEqual(rests(6, {}), [0, 1000, 2000, 4000, 6000, 6000]);
  });

  it('loses a random part of up to half, so that keys do not come back together', () => {
    assert.deepEqual(rests(3, { jitter: 0.5 }), [0, 750, 1500]);
  });

  it('lasts as long as the upstream said, a day at most', () => {
    assert.deepEqual(rests(3, { retryAfterMs: 7777 }), [0, 7777, 7777]);
    assert.deepEqual(rests(2, { retryAfterMs: 200_000_000 - 1 }).at(-1), 86_400_000);
  });
});

describe('a quarantine', () => {
  const tier = { ...tierOf({ a: [] }), policy: policyOf({ trialAfterMs: 1000 }) };

  it('says why, in a plain sentence, and who lets it back says so too', () => {
    const taken = drawFrom(stateOf(tier, {}, START), takeOf(tier, 'a'), START);
    const draw = taken.draws[0] ?? assert.fail();
    const refused = reportOf(draw, START, { outcome: 'unauthorized', statusCode: 401, message: 'not shown' });
    const { state, quarantined } = applyReport(taken.state, tier, draw, refused, START);
    assert.equal(quarantined, 'One of its draws was reported as UNAUTHORIZED (status code 401).');
    assert.deepEqual([state.health.quarantinedAt, state.health.trialAt], [START, START + 1000]);
    assert.deepEqual([state.ready, state.due], [{}, { 'tier|a': START + 1000 }]);

    const tried = drawFrom(state, takeOf(tier, 'a', { count: 5 }), START + 1000);
    const trial = tried.draws[0] ?? assert.fail();
    assert.equal(tried.draws.length, 1);
    const { state: back, released } = applyReport(
      tried.state,
      tier,
      trial,
      reportOf(trial, START + 1500),
      START + 1500,
    );
    assert.deepEqual([back.state, released, Object.keys(back.ready)], ['active', true, ['tier|a']]);
    assert.deepEqual([back.health.failures, back.health.trialAt], [{}, null]);
  });
});
