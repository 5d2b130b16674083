import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WELL } from '../../src/model/key.ts';
import type { Store } from '../../src/store/port.ts';
import { drawInRounds, drawMany, drawn, drawOf, drawOne, mustDraw } from '../support/drawing.ts';
import { addTierWith, keyNow, mustReport, ruleOf } from '../support/reporting.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addKeys, editKey, same } from '../support/store-rows.ts';

const HOUR_MS = 3_600_000;
/** Long enough for what is to be seen before it, on a busy machine. */
const TRIAL_MS = 1000;
const SETTLE_MS = 1500;

/** A tier with two features, and a key of it that was quarantined by a report; `at`: the moment of that. */
async function quarantined(store: Store, trialAfterMs: number | null, settleTimeoutMs: number | null = null) {
  const tier = await addTierWith(store, { trialAfterMs, settleTimeoutMs }, { a: [], b: [] });
  const key = await addKey(store, 'tier');
  const draw = await mustDraw(store, [tier], 'a');
  const at = await mustReport(store, draw, 'unauthorized', { statusCode: 401, message: 'revoked' });
  return { tiers: [tier], key, at };
}

export function registerTrialTests(name: string, makeStore: StoreFactory): void {
  registerQuarantineTests(name, makeStore);

  describe(`${name}: a trial`, () => {
    it('is one draw, of whichever feature, for however many ask at the same time', async (t) => {
      const { store, openMany, waitUntil } = await useStore(t, makeStore);
      const { tiers, key, at } = await quarantined(store, TRIAL_MS);
      const parked = Object.values((await keyNow(store, key)).due);
      assert.deepEqual(new Set(parked), new Set([at + TRIAL_MS]));
      await waitUntil(store, at + TRIAL_MS + 20);
      await store.close();
      const stores = await openMany(2);
      const draws = Array.from({ length: 20 }, (_, i) => drawOf(tiers, i % 2 === 0 ? 'a' : 'b'));
      const served = drawn(await drawInRounds(stores, draws, 5));
      assert.equal(served.length, 1);
      const [first] = stores;
      assert.ok(first);
      const { state, health } = await keyNow(first, key);
      assert.equal(state, 'quarantined');
      assert.equal(`${health.trial?.take}.0`, served[0]?.drawId);
    });

    it('that goes well lets the key back, as well as it ever was', async (t) => {
      const { store, waitUntil } = await useStore(t, makeStore);
      const { tiers, key, at } = await quarantined(store, TRIAL_MS);
      await waitUntil(store, at + TRIAL_MS + 20);
      await mustReport(store, await mustDraw(store, tiers, 'a'));
      const { state, stateReason, health } = await keyNow(store, key);
      const { countedFrom } = health;
      assert.deepEqual(
        [state, stateReason, { ...health, applied: [] }],
        ['active', '', { ...WELL, countedFrom }],
      );
      assert.equal(drawn(await drawMany(store, tiers, 'b', 5)).length, 5);
    });

    it('that fails is followed by another, after twice the time', async (t) => {
      const { store, waitUntil } = await useStore(t, makeStore);
      const { tiers, key, at } = await quarantined(store, TRIAL_MS);
      await waitUntil(store, at + TRIAL_MS + 20);
      const trial = await mustDraw(store, tiers, 'a');
      const failedAt = await mustReport(store, trial, 'forbidden');
      const { state, health } = await keyNow(store, key);
      assert.deepEqual(
        [state, health.trial, health.trialsFailed, health.trialAt],
        ['quarantined', null, 1, failedAt + 2 * TRIAL_MS],
      );
      const nextAt = failedAt + 2 * TRIAL_MS;
      const parked = Object.values((await keyNow(store, key)).due);
      assert.deepEqual(new Set(parked), new Set([nextAt]));
      await waitUntil(store, nextAt + 20);
      await mustReport(store, await mustDraw(store, tiers, 'b'));
      assert.equal((await keyNow(store, key)).state, 'active');
    });

    it('of which nothing is heard has failed when its time is over', async (t) => {
      const { store, waitUntil } = await useStore(t, makeStore);
      const { tiers, key, at } = await quarantined(store, TRIAL_MS, SETTLE_MS);
      await waitUntil(store, at + TRIAL_MS + 20);
      const trial = await mustDraw(store, tiers, 'a');
      assert.equal((await drawOne(store, tiers, 'a')).kind, 'exhausted');
      await waitUntil(store, trial.at + SETTLE_MS + 20);
      assert.equal((await drawOne(store, tiers, 'a')).kind, 'exhausted');
      const { state, health } = await keyNow(store, key);
      assert.deepEqual([state, health.trial, health.trialsFailed], ['quarantined', null, 1]);
      await waitUntil(store, (health.trialAt ?? assert.fail('another trial is due')) + 20);
      await mustReport(store, await mustDraw(store, tiers, 'b'));
      assert.equal((await keyNow(store, key)).state, 'active');
    });

    it('may be given by hand', async (t) => {
      const { store } = await useStore(t, makeStore);
      const { tiers, key } = await quarantined(store, null);
      await editKey(store, key.id, ({ health }) => ({ health: { ...health, trialAt: store.now() } }));
      const served = drawn(await drawMany(store, tiers, 'a', 6));
      assert.equal(served.length, 1);
      await mustReport(store, served[0] ?? assert.fail('one was served'));
      assert.equal((await keyNow(store, key)).state, 'active');
    });
  });
}

function registerQuarantineTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a quarantine`, () => {
    it('says why and since when, and only an admin ends it where the tier gives no trials', async (t) => {
      const { store } = await useStore(t, makeStore);
      const { tiers, key, at } = await quarantined(store, null);
      const { state, stateReason, health, ready, due, version } = await keyNow(store, key);
      assert.deepEqual([state, health.quarantinedAt, health.trialAt], ['quarantined', at, null]);
      assert.deepEqual([ready, due, version], [{}, {}, key.version]);
      assert.match(stateReason, /\w+ \w+/);
      assert.deepEqual((await store.listKeys({ state: 'quarantined' }, { after: null, limit: 9 })).items, [
        await keyNow(store, key),
      ]);
      assert.equal((await drawOne(store, tiers, 'a')).kind, 'empty');
      await editKey(store, key.id, () => ({ state: 'active', stateReason: '', health: WELL }));
      await mustDraw(store, tiers, 'a');
    });

    it('comes after so many failures in a row, and leaves the other keys where they are', async (t) => {
      const { store, waitUntil } = await useStore(t, makeStore);
      const failureRules = [ruleOf('forbidden', { quarantineAfter: 3 })];
      const tier = await addTierWith(store, { failureRules });
      const [bad, good] = await addKeys(store, 'tier', same(2));
      assert.ok(bad && good);
      const served = drawn(await drawMany(store, [tier], 'a', 12));
      const outcomes = ['forbidden', 'forbidden', 'ok', 'forbidden', 'forbidden', 'forbidden'] as const;
      const ofBad = served.filter(({ keyId }) => keyId === bad.id);
      for (const [i, outcome] of outcomes.entries()) {
        await waitUntil(store, store.now() + 2);
        assert.equal((await keyNow(store, bad)).state, 'active');
        await mustReport(store, ofBad[i] ?? assert.fail('each key was drawn six times'), outcome);
      }
      assert.equal((await keyNow(store, bad)).state, 'quarantined');
      const after = drawn(await drawMany(store, [tier], 'a', 4));
      assert.ok(after.length === 4 && after.every(({ keyId }) => keyId === good.id));
    });

    it('of a key whose value does not open is given no trial', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTierWith(store, { trialAfterMs: TRIAL_MS });
      const key = await addKey(store, 'tier');
      const before = store.now();
      await store.quarantineKey(key.id, key.value, 'SEAL_BROKEN');
      const { state, health } = await keyNow(store, key);
      assert.deepEqual([state, health.trialAt, health.trial], ['quarantined', null, null]);
      const since = health.quarantinedAt ?? assert.fail('it says since when');
      assert.ok(since >= before - 1000 && since <= store.now() + 1000);
      assert.equal((await drawOne(store, [tier], 'a')).kind, 'empty');
    });

    it('of a key whose value does not open comes again at once when it was tried by hand', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTierWith(store, { trialAfterMs: TRIAL_MS });
      const key = await addKey(store, 'tier');
      await store.quarantineKey(key.id, key.value, 'SEAL_BROKEN');
      await editKey(store, key.id, ({ health }) => ({ health: { ...health, trialAt: store.now() } }));
      const { drawId } = await mustDraw(store, [tier], 'a');
      await store.quarantineKey(key.id, key.value, 'SEAL_BROKEN');
      await store.withhold([drawId]);
      const { state, health } = await keyNow(store, key);
      assert.deepEqual([state, health.trialAt, health.trial], ['quarantined', null, null]);
      assert.equal((await drawOne(store, [tier], 'a')).kind, 'empty');
    });

    it('goes on when the value of a draw on trial did not leave: the next draw is on trial', async (t) => {
      const { store } = await useStore(t, makeStore);
      const { tiers, key } = await quarantined(store, null);
      await editKey(store, key.id, ({ health }) => ({ health: { ...health, trialAt: store.now() } }));
      const { drawId } = await mustDraw(store, tiers, 'a');
      await store.withhold([drawId]);
      await mustReport(store, await mustDraw(store, tiers, 'b'));
      assert.equal((await keyNow(store, key)).state, 'active');
    });

    it('does not come again from a draw that was made before it ended', async (t) => {
      const { store, waitUntil } = await useStore(t, makeStore);
      const tier = await addTierWith(store, { trialAfterMs: TRIAL_MS });
      const key = await addKey(store, 'tier');
      const [one, two] = drawn(await drawMany(store, [tier], 'a', 2));
      assert.ok(one && two);
      const at = await mustReport(store, one, 'unauthorized');
      await waitUntil(store, at + TRIAL_MS + 20);
      await mustReport(store, await mustDraw(store, [tier], 'a'));
      await mustReport(store, two, 'unauthorized');
      const { state, health } = await keyNow(store, key);
      assert.deepEqual([state, health.failures], ['active', {}]);
    });

    it('ends cooldowns with it when an admin lets the key back', async (t) => {
      const { store } = await useStore(t, makeStore);
      const failureRules = [
        ruleOf('forbidden', {
          cooldown: 'key',
          minCooldownMs: HOUR_MS,
          maxCooldownMs: HOUR_MS,
          quarantineAfter: 1,
        }),
      ];
      const tier = await addTierWith(store, { failureRules });
      const key = await addKey(store, 'tier');
      await mustReport(store, await mustDraw(store, [tier], 'a'), 'forbidden');
      assert.equal((await keyNow(store, key)).state, 'quarantined');
      await editKey(store, key.id, () => ({ state: 'active', stateReason: '', health: WELL }));
      await mustDraw(store, [tier], 'a');
    });
  });
}
