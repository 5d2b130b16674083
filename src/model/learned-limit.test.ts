import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { stateOf, takeOf, tierOf } from '../../test/support/key-state.ts';
import { drawFrom, policyOf, reportOf } from '../../test/support/reported-draws.ts';
import { createSlidingCount } from '../../test/support/upstream-count.ts';
import type { KeyState } from './key.ts';
import { applyReport, type ReportedDraw } from './outcome-report.ts';
import type { Limit, Tier } from './tier.ts';

const HOUR_MS = 3_600_000;
const FEATURE = 'a';

interface Scene {
  readonly limit: Limit;
  /** What the upstream really grants, at a moment. */
  readonly trueLimit: number;
  /** From the call to its report. */
  readonly lagMs: number;
  readonly retryAfterMs: number | null;
  readonly jitter: number;
}

interface Call {
  readonly at: number;
  readonly refused: boolean;
}

const limitOf = (limit: number, windowMs: number): Limit => ({
  limit,
  windowMs,
  algorithm: 'sliding',
  guardMs: null,
});

/** Draws all that the key grants, calls the upstream with it at once, and reports what it said. */
function callUntil(scene: Scene, tier: Tier, before: KeyState, from: number, endAt: number) {
  const { limit, trueLimit, lagMs, retryAfterMs, jitter } = scene;
  const upstream = createSlidingCount({ limit: trueLimit, windowMs: limit.windowMs });
  const calls: Call[] = [];
  const reports: { at: number; draw: ReportedDraw; refused: boolean }[] = [];
  let state = before;
  for (let now = from; now < endAt; ) {
    while ((reports[0]?.at ?? Infinity) <= now) {
      const { draw, refused } = reports.shift() ?? assert.fail('there is a report');
      const said = refused ? ({ outcome: 'rate_limited', retryAfterMs, jitter } as const) : {};
      state = applyReport(state, tier, draw, reportOf(draw, now, said), now).state;
    }
    const { took, draws, ...result } = drawFrom(state, takeOf(tier, FEATURE, { count: limit.limit }), now);
    state = result.state;
    for (const draw of draws) {
      const refused = !upstream.hasRoom(now);
      if (!refused) upstream.count(now);
      calls.push({ at: now, refused });
      reports.push({ at: now + lagMs, draw, refused });
    }
    now = Math.max(now + 1, Math.min(endAt, reports[0]?.at ?? Infinity, took.nextAt ?? endAt));
  }
  return { state, calls };
}

const begin = (limit: Limit) => {
  const tier = tierOf({ [FEATURE]: [limit] });
  return { tier, state: stateOf(tier) };
};

const learnedOf = ({ health }: KeyState) =>
  Object.values(health.learned[FEATURE] ?? {}).map(({ units }) => units);

const scenes = fc
  .record({
    limit: fc.integer({ min: 2, max: 50 }),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
    windowMs: fc.constantFrom(1000, 10_000),
    lagMs: fc.constantFrom(0, 20, 300),
    retryAfterMs: fc.constantFrom(null, 500, 1000),
    jitter: fc.constantFrom(0, 0.9),
  })
  .map(({ limit, part, windowMs, ...rest }) => ({
    ...rest,
    limit: limitOf(limit, windowMs),
    trueLimit: Math.max(1, Math.floor(limit * part)),
  }));

describe('a limit that refusals have taught', () => {
  it('is so near to the true one that less than 1 % of the calls are refused, and most of it is used', () => {
    fc.assert(
      fc.property(scenes, (scene) => {
        const { tier, state } = begin(scene.limit);
        const { windowMs } = scene.limit;
        const settledAt = 20 * windowMs;
        const windows = 400;
        const { calls } = callUntil(scene, tier, state, 0, settledAt + windows * windowMs);
        const later = calls.filter(({ at }) => at >= settledAt);
        const refused = later.filter((call) => call.refused).length;
        assert.ok(refused <= 0.01 * later.length, `${refused} of ${later.length} calls were refused`);
        const possible = windows * scene.trueLimit;
        assert.ok(later.length >= 0.75 * possible, `${later.length} of ${possible} calls were made`);
      }),
      { numRuns: 40 },
    );
  });

  it('is given up by and by when the upstream grants all again', () => {
    fc.assert(
      fc.property(scenes, (scene) => {
        const { tier, state } = begin(scene.limit);
        const { windowMs, limit } = scene.limit;
        const taught = callUntil(scene, tier, state, 0, 20 * windowMs).state;
        const free = { ...scene, trueLimit: limit };
        const later = 24 * HOUR_MS;
        const { calls, state: after } = callUntil(free, tier, taught, later, later + 3 * windowMs);
        assert.deepEqual([learnedOf(after), calls.filter(({ refused }) => refused)], [[], []]);
      }),
      { numRuns: 40 },
    );
  });

  it('is not learned where nothing is refused, nor where a refusal is to rest nothing', () => {
    const { tier, state } = begin(limitOf(10, 1000));
    const { draws, state: drawn } = drawFrom(state, takeOf(tier, FEATURE), 0);
    const [draw] = draws;
    assert.ok(draw !== undefined);
    const rule = { outcome: 'rate_limited', cooldown: 'none', cooldownAfter: 1 } as const;
    const bounds = { minCooldownMs: 1000, maxCooldownMs: 1000, quarantineAfter: null };
    const patient = { ...tier, policy: policyOf({ failureRules: [{ ...rule, ...bounds }] }) };
    const refused = reportOf(draw, 1, { outcome: 'rate_limited' });
    assert.deepEqual(learnedOf(applyReport(drawn, tier, draw, reportOf(draw, 1), 1).state), []);
    assert.deepEqual(learnedOf(applyReport(drawn, patient, draw, refused, 1).state), []);
    assert.deepEqual(learnedOf(applyReport(drawn, tier, draw, refused, 1).state), [4]);
  });

  it('is half at least after one refusal of a key that has given little', () => {
    const { tier, state } = begin(limitOf(40, 60_000));
    const { draws, state: drawn } = drawFrom(state, takeOf(tier, FEATURE), 0);
    const [draw] = draws;
    assert.ok(draw !== undefined);
    const after = applyReport(drawn, tier, draw, reportOf(draw, 1, { outcome: 'rate_limited' }), 1).state;
    assert.deepEqual(learnedOf(after), [19]);
  });
});
