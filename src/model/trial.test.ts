import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stateOf, takeOf, tierOf } from '../../test/support/key-state.ts';
import { limitOf } from '../../test/support/meter-run.ts';
import { drawFrom, policyOf, reportOf } from '../../test/support/reported-draws.ts';
import { conditionOf } from './condition.ts';
import { coolingUntil } from './cooldown.ts';
import { type KeyState, WELL } from './key.ts';
import { applyReport } from './outcome-report.ts';
import { placesOf } from './place.ts';
import { failureStreak, TRIAL_WAIT_MAX_MS, wellAgain } from './trial.ts';
import { trialByHand } from './trial-by-hand.ts';

const START = 1_000_000;
const tier = { ...tierOf({ a: [], b: [] }), policy: policyOf({ trialAfterMs: 1000, settleTimeoutMs: 5000 }) };
const byHand = { ...tier, policy: policyOf({ settleTimeoutMs: 5000 }) };

function quarantinedKey(of: typeof tier, parts: Partial<KeyState> = {}): KeyState {
  const trialAt = of.policy.trialAfterMs === null ? null : START + of.policy.trialAfterMs;
  const health = {
    ...WELL,
    failures: { forbidden: 3 },
    quarantinedAt: START,
    countedFrom: START + 1,
    trialAt,
  };
  return stateOf(of, { state: 'quarantined', health, ...parts }, START);
}

const parkedAt = (state: KeyState) => [...new Set(Object.values(state.due))];

describe('a quarantined key', () => {
  it('waits for its trial in all queues, and shows when that is', () => {
    const key = quarantinedKey(tier);
    assert.deepEqual([key.ready, parkedAt(key)], [{}, [START + 1000]]);
    assert.deepEqual(conditionOf(key, START), { condition: 'quarantined', availableAt: START + 1000 });
    const early = drawFrom(key, takeOf(tier, 'a'), START + 999);
    assert.deepEqual([early.took.reason, early.took.nextAt], ['exhausted', START + 1000]);
  });

  it('is out of all queues where only an admin may have it tried, or its time is over', () => {
    for (const key of [quarantinedKey(byHand), quarantinedKey(tier, { expireAt: START })]) {
      assert.deepEqual([key.ready, key.due], [{}, {}]);
      assert.equal(drawFrom(key, takeOf(tier, 'a'), START + 9000).took.reason, 'unusable');
    }
  });

  it('that an admin has tried gives one draw at once, and is out again when that is not reported', () => {
    const key = quarantinedKey(byHand);
    const tried = stateOf(byHand, { ...key, health: trialByHand(key.health, START + 10) }, START + 10);
    assert.equal(Object.keys(tried.ready).length, 2);
    const { state, draws } = drawFrom(tried, takeOf(byHand, 'b', { count: 4 }), START + 10);
    assert.equal(draws.length, 1);
    assert.deepEqual([state.ready, parkedAt(state)], [{}, [START + 5010]]);
    assert.deepEqual(placesOf(state, byHand, START + 5010), { ready: {}, due: {} });
    const after = drawFrom(state, takeOf(byHand, 'b'), START + 5010);
    assert.deepEqual([after.took.reason, after.state.health.trialsFailed], ['unusable', 1]);
  });

  it('waits twice as long after each trial that failed, 30 days at most', () => {
    let key = quarantinedKey(tier);
    let now = START + 1000;
    for (const waited of [2000, 4000, 8000]) {
      const { state, draws } = drawFrom(key, takeOf(tier, 'a'), now);
      const draw = draws[0] ?? assert.fail('it is given its trial');
      key = applyReport(state, tier, draw, reportOf(draw, now, { outcome: 'invalid_request' }), now).state;
      assert.deepEqual(parkedAt(key), [now + waited]);
      now += waited;
    }
    const health = { ...key.health, trialsFailed: 40 };
    const { state, draws } = drawFrom({ ...key, health }, takeOf(tier, 'a'), now);
    const draw = draws[0] ?? assert.fail('it is given its trial');
    const failed = applyReport(state, tier, draw, reportOf(draw, now, { outcome: 'timeout' }), now).state;
    assert.deepEqual(parkedAt(failed), [now + TRIAL_WAIT_MAX_MS]);
  });

  it('is not let back by a draw that was made before', () => {
    const { draws } = drawFrom(stateOf(tier), takeOf(tier, 'a'), START - 5);
    const draw = draws[0] ?? assert.fail();
    const result = applyReport(quarantinedKey(tier), tier, draw, reportOf(draw, START + 5), START + 5);
    assert.deepEqual(
      [result.state.state, result.released, failureStreak(result.state.health)],
      ['quarantined', false, 3],
    );
  });

  it('keeps to its limits in its trial, and hands out no late retry', () => {
    const limited = { ...tier, features: [{ name: 'a', limits: [limitOf('sliding', 1, 60_000)] }] };
    const used = drawFrom(stateOf(limited), takeOf(limited, 'a'), START - 1).state;
    const { health } = quarantinedKey(tier);
    const key = { ...used, state: 'quarantined' as const, health };
    assert.equal(drawFrom(key, takeOf(limited, 'a'), START + 1000).took.granted, 0);
    assert.equal(drawFrom(key, takeOf(tier, 'a', { charge: 'rate' }), START + 1000).took.reason, 'unusable');
  });
});

describe('a key that is well again', () => {
  it('knows still which reports have changed it', () => {
    assert.deepEqual(wellAgain({ applied: ['t.0'] }, START), {
      ...WELL,
      countedFrom: START,
      applied: ['t.0'],
    });
  });
});

describe('a rest', () => {
  it('of a feature leaves the others, one of the key none, and shows in the condition', () => {
    const plain = tierOf({ a: [], b: [] });
    const resting = (what: string) =>
      stateOf(plain, { health: { ...WELL, cooling: { [what]: START + 50 } } }, START);
    assert.deepEqual(
      [Object.keys(resting('a').ready), resting('a').due],
      [['tier|b'], { 'tier|a': START + 50 }],
    );
    assert.equal(conditionOf(resting('a'), START).condition, 'ready');
    assert.deepEqual([resting('*').ready, parkedAt(resting('*'))], [{}, [START + 50]]);
    assert.deepEqual(conditionOf(resting('*'), START), { condition: 'cooling', availableAt: START + 50 });
    const took = drawFrom(resting('*'), takeOf(plain, 'b'), START + 49).took;
    assert.deepEqual([took.granted, took.reason, took.nextAt], [0, 'exhausted', START + 50]);
    const back = drawFrom(resting('*'), takeOf(plain, 'b'), START + 50);
    assert.deepEqual([back.took.granted, back.state.health], [1, WELL]);
    assert.equal(coolingUntil(WELL, 'constructor'), 0);
  });
});
