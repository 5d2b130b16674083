import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { stateOf, takeOf, tierOf } from '../../test/support/key-state.ts';
import { drawFrom, policyOf, reportOf } from '../../test/support/reported-draws.ts';
import { inFlight, inFlightCap, liveHolds, slotAt, withoutDraw } from './hold.ts';
import { applyReport, type ReportedDraw } from './outcome-report.ts';
import { placesOf } from './place.ts';
import { HOLDS_MAX } from './tier-policy.ts';

const SETTLE_MS = 1000;
const START = 1_000_000;
const QUEUES = ['tier|a', 'tier|b'] as const;

const step = fc.record({
  gapMs: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 1200 })),
  feature: fc.constantFrom('a', 'b'),
  units: fc.integer({ min: 1, max: 3 }),
  count: fc.integer({ min: 1, max: 6 }),
  /** Which of the draws made so far is reported, as a share (0 to 1) of them; null for none. */
  report: fc.option(fc.double({ min: 0, max: 0.999, noNaN: true })),
});
const runs = fc.record({
  ofTier: fc.integer({ min: 1, max: 8 }),
  ofKey: fc.option(fc.integer({ min: 1, max: 4 })),
  steps: fc.array(step, { minLength: 1, maxLength: 60 }),
});

type Run = typeof runs extends fc.Arbitrary<infer T> ? T : never;

/** Draws as one would note them by hand. */
interface Noted {
  readonly draw: ReportedDraw;
  readonly until: number;
  reported: boolean;
}

/** Runs takes and reports on one key, and shows what each take granted beside what was under way by hand. */
function run(
  { ofTier, ofKey, steps }: Run,
  look: (seen: {
    readonly state: ReturnType<typeof stateOf>;
    readonly asked: number;
    readonly given: number;
    readonly before: number;
    readonly now: number;
    readonly noted: readonly Noted[];
  }) => void,
): void {
  const policy = policyOf({ settleTimeoutMs: SETTLE_MS, maxInFlight: ofTier });
  const tier = { ...tierOf({ a: [], b: [] }), policy };
  let state = stateOf(
    tier,
    { traits: { weight: 1, maxInFlight: ofKey, groupId: null, rampFrom: null } },
    START,
  );
  const noted: Noted[] = [];
  let now = START;
  for (const { gapMs, feature, units, count, report } of steps) {
    now += gapMs;
    const reported = report === null ? undefined : noted[Math.floor(report * noted.length)];
    if (reported !== undefined) {
      state = applyReport(state, tier, reported.draw, reportOf(reported.draw, now), now).state;
      reported.reported = true;
    }
    const before = noted.filter((one) => !one.reported && one.until > now).length;
    const taken = drawFrom(state, takeOf(tier, feature, { units, count }), now);
    state = taken.state;
    noted.push(...taken.draws.map((draw) => ({ draw, until: now + SETTLE_MS, reported: false })));
    look({ state, asked: count, given: taken.draws.length, before, now, noted });
  }
}

const underWay = (noted: readonly Noted[], now: number) =>
  noted.filter(({ reported, until }) => !reported && until > now);

describe('draws in flight', () => {
  it('are never more than the cap, and as many as are asked for below it', () => {
    fc.assert(
      fc.property(runs, (all) => {
        const cap = all.ofKey ?? all.ofTier;
        run(all, ({ state, asked, given, before, now, noted }) => {
          assert.ok(underWay(noted, now).length <= cap);
          assert.equal(given, Math.min(asked, cap - before));
          assert.equal(inFlight(state, now), underWay(noted, now).length);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('park the key in all queues at the cap, until the first of them ends or is reported', () => {
    fc.assert(
      fc.property(runs, (all) => {
        const cap = all.ofKey ?? all.ofTier;
        run(all, ({ state, now, noted }) => {
          const live = underWay(noted, now);
          const standsFrom = QUEUES.map((queue) =>
            queue in state.ready ? now : (state.due[queue] ?? Infinity),
          );
          if (live.length < cap) return assert.ok(Math.max(...standsFrom) <= now);
          const first = Math.min(...live.map(({ until }) => until));
          assert.deepEqual([state.ready, Object.values(state.due)], [{}, [first, first]]);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('free a slot in the update of their report', () => {
    const tier = {
      ...tierOf({ a: [], b: [] }),
      policy: policyOf({ settleTimeoutMs: SETTLE_MS, maxInFlight: 2 }),
    };
    const { state, draws } = drawFrom(stateOf(tier), takeOf(tier, 'a', { units: 3, count: 5 }), START);
    const [, second] = draws;
    assert.ok(second !== undefined && draws.length === 2);
    const { state: after } = applyReport(state, tier, second, reportOf(second, START + 9), START + 9);
    assert.deepEqual(Object.keys(after.ready).sort(), [...QUEUES]);
    assert.deepEqual(
      after.holds.map(({ serials }) => serials),
      [[0]],
    );
  });
});

describe('the in-flight cap', () => {
  const { traits } = stateOf(tierOf({ a: [] }));

  it('is the key’s own, else its tier’s, else 256; none where the tier keeps no draws', () => {
    const own = { traits: { ...traits, maxInFlight: 3 } };
    assert.equal(inFlightCap(own, policyOf({ settleTimeoutMs: 1000, maxInFlight: 9 })), 3);
    assert.equal(inFlightCap({ traits }, policyOf({ settleTimeoutMs: 1000, maxInFlight: 9 })), 9);
    assert.equal(inFlightCap({ traits }, policyOf({ settleTimeoutMs: 1000 })), HOLDS_MAX);
    assert.equal(inFlightCap(own, policyOf({})), Infinity);
  });

  it('that was lowered waits until enough draws have ended', () => {
    const holds = [1000, 3000, 2000].map((until) => ({ take: `t${until}`, units: 1, serials: [0], until }));
    const policy = policyOf({ settleTimeoutMs: 1000, maxInFlight: 2 });
    assert.equal(slotAt({ holds, traits }, policy, 500), 2000);
    assert.equal(slotAt({ holds, traits }, policy, 2000), 2000);
  });
});

describe('a hold', () => {
  it('leaves with its last draw, and a draw that is not held changes nothing', () => {
    const holds = [{ take: 't', units: 2, serials: [0, 2], until: 9 }];
    assert.equal(withoutDraw(holds, 't', 4), holds);
    assert.equal(withoutDraw(holds, 'u', 0), holds);
    assert.deepEqual(withoutDraw(withoutDraw(holds, 't', 0), 't', 2), []);
    assert.deepEqual(liveHolds(holds, 9), []);
    assert.equal(liveHolds(holds, 8), holds);
  });

  it('is none of a late retry: its draw is under way already', () => {
    const tier = { ...tierOf({ a: [] }), policy: policyOf({ settleTimeoutMs: SETTLE_MS, maxInFlight: 1 }) };
    const { state } = drawFrom(stateOf(tier), takeOf(tier, 'a'), START);
    const retried = drawFrom(state, takeOf(tier, 'a', { charge: 'rate' }), START + 5);
    assert.equal(retried.took.granted, 1);
    assert.equal(inFlight(retried.state, START + 5), 1);
    assert.deepEqual(placesOf(retried.state, tier, START + 5), {
      ready: {},
      due: { 'tier|a': START + SETTLE_MS },
    });
  });
});
