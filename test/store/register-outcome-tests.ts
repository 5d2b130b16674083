import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Drawn, Store } from '../../src/store/port.ts';
import { drawInRounds, drawMany, drawn, drawOf, mustDraw } from '../support/drawing.ts';
import { eventually } from '../support/eventually.ts';
import { budgetOf } from '../support/key-state.ts';
import { usageEvents, usageEventsOnce } from '../support/listing.ts';
import {
  addTierWith,
  healthNow,
  keyNow,
  mustReport,
  report,
  reportOf,
  reportShown,
  ruleOf,
} from '../support/reporting.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addKeys, addTier, eventOf, same } from '../support/store-rows.ts';
import { SHORT_SPANS, sumBefore } from '../support/summed-usage.ts';

const REPORTED = { kind: 'reported', isNew: true, tierId: 'tier', feature: 'a' } as const;
const AGAIN = { ...REPORTED, isNew: false } as const;
/** A rule that only counts. */
const COUNTED = [ruleOf('upstream_error', { cooldownAfter: 1000 })];

export function registerOutcomeTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a report`, () => {
    it('stands once: a repeat of it is no new one, and another one is refused and changes nothing', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTierWith(store, { failureRules: COUNTED });
      const key = await addKey(store, 'tier');
      const draw = await mustDraw(store, [tier], 'a');
      const said = { statusCode: 502, retryAfterMs: null, message: 'bad gateway' };
      assert.deepEqual(await report(store, draw, 'upstream_error', said), REPORTED);
      assert.deepEqual(await report(store, draw, 'upstream_error', { ...said, jitter: 0.5 }), AGAIN);
      for (const other of [
        { ...said, statusCode: 503 },
        { ...said, units: 1 },
        { ...said, message: 'x' },
      ])
        assert.deepEqual(await report(store, draw, 'upstream_error', other), { kind: 'other' });
      assert.deepEqual(await report(store, draw, 'ok', said), { kind: 'other' });
      assert.deepEqual((await healthNow(store, key)).failures, { upstream_error: 1 });
      assert.equal((await reportShown(store, draw)).statusCode, 502);
    });

    it('stands once also where several come in one round: the first', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTierWith(store, { failureRules: COUNTED });
      const key = await addKey(store, 'tier');
      const draw = await mustDraw(store, [tier], 'a');
      const first = reportOf(draw, 'upstream_error');
      const results = await store.reportRound([first, reportOf(draw, 'ok'), first]);
      assert.deepEqual(results, [REPORTED, { kind: 'other' }, AGAIN]);
      assert.deepEqual((await healthNow(store, key)).failures, { upstream_error: 1 });
    });

    it('is shown with its draw', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      await addKey(store, 'tier');
      const [one, two, three] = drawn(await drawMany(store, [tier], 'a', 3));
      assert.ok(one && two && three);
      const before = store.now();
      await store.reportRound([
        reportOf(one, 'rate_limited', { statusCode: 429, units: 0, retryAfterMs: 5, message: 'slow "down"' }),
        reportOf(two, 'ok'),
      ]);
      const shown = await reportShown(store, one);
      assert.ok(shown.at >= before - 1000 && shown.at <= store.now() + 1000);
      const { at: _at, ...said } = shown;
      assert.deepEqual(said, { outcome: 'rate_limited', statusCode: 429, units: 0, message: 'slow "down"' });
      const { at: _then, ...other } = await reportShown(store, two);
      assert.deepEqual(other, { outcome: 'ok', statusCode: null, units: null, message: null });
      const events = await usageEventsOnce(store, 3, { feature: 'a' });
      assert.equal(events.find(({ id }) => id === three.drawId)?.report, null);
    });

    it('that a draw went as planned leaves a plain key as it is', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const key = await addKey(store, 'tier', { budgets: [budgetOf(100)] });
      const [one, two] = drawn(await drawMany(store, [tier], 'a', 2));
      assert.ok(one && two);
      const { health, budgets, ready, due } = await keyNow(store, key);
      await mustReport(store, one, 'ok', { units: 1, statusCode: 200 });
      await mustReport(store, two, 'invalid_request', { statusCode: 400 });
      const after = await keyNow(store, key);
      assert.deepEqual([after.health, after.budgets, after.ready, after.due], [health, budgets, ready, due]);
    });
  });

  registerUnknownDrawTests(name, makeStore);
  registerManyReportTests(name, makeStore);
  registerReportRetentionTests(name, makeStore);
}

function registerUnknownDrawTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a report of a draw that is not the reporter's`, () => {
    it('finds nothing: there is none, or another consumer made it', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      await addKey(store, 'tier');
      const mine = await mustDraw(store, [tier], 'a', { consumerId: 'c-1' });
      const root = await mustDraw(store, [tier], 'a');
      const take = mine.drawId.slice(0, mine.drawId.lastIndexOf('.'));
      const drawIds = ['', 'nonsense', 'nobody.0', `${take}.999`, `${take}.x`, take];
      const unknown = drawIds.map((drawId) => reportOf({ drawId }, 'ok'));
      const others = [
        reportOf(mine, 'ok', { consumerId: 'c-2' }),
        reportOf(mine, 'ok', { consumerId: '' }),
        reportOf(root, 'ok', { consumerId: 'c-1' }),
      ];
      const results = await store.reportRound([...unknown, ...others]);
      assert.deepEqual(
        results,
        results.map(() => ({ kind: 'unknown' })),
      );
      assert.ok((await usageEventsOnce(store, 2)).every((event) => event.report === null));
      assert.deepEqual(await report(store, mine, 'ok', { consumerId: 'c-1' }), REPORTED);
      assert.deepEqual(await report(store, root, 'ok', { consumerId: '' }), REPORTED);
      assert.deepEqual(await report(store, mine, 'ok', { consumerId: 'c-2' }), { kind: 'unknown' });
      assert.deepEqual(await report(store, mine), AGAIN);
    });

    it('stands where the key is deleted, and where its tier is', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const key = await addKey(store, 'tier');
      const [one, two] = drawn(await drawMany(store, [tier], 'a', 2));
      assert.ok(one && two);
      await store.deleteKey(key.id, () => eventOf('DeleteKey'));
      assert.deepEqual(await report(store, one, 'unauthorized'), REPORTED);
      await store.deleteTier('tier', () => eventOf('DeleteTier'));
      assert.deepEqual(await report(store, two, 'rate_limited'), REPORTED);
      assert.equal((await reportShown(store, two)).outcome, 'rate_limited');
      assert.equal(await store.applyReports(100), 0);
    });
  });
}

/** Reports all of these draws from all stores at the same time. */
async function reportEverywhere(stores: readonly Store[], draws: readonly Drawn[]) {
  const reports = draws.map((draw) => reportOf(draw, 'upstream_error'));
  const rounds = stores.flatMap((store) => [0, 1].map(() => store.reportRound(reports)));
  return (await Promise.all(rounds)).flat();
}

function registerManyReportTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: reports`, () => {
    it('find their draws at once, however many there were', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      await addKeys(store, 'tier', same(8));
      const draws = Array.from({ length: 600 }, () => drawOf([tier], 'a'));
      const served = drawn(await drawInRounds([store], draws, 64));
      for (let from = 0; from < served.length; from += 200) {
        const results = await store.reportRound(
          served.slice(from, from + 200).map((draw) => reportOf(draw, 'ok')),
        );
        assert.ok(results.every((result) => result.kind === 'reported' && result.isNew));
      }
      const events = await usageEventsOnce(store, 600);
      assert.ok(events.every((event) => event.report?.outcome === 'ok'));
    });

    it('reach the key through another store, opened after the one that drew is gone', async (t) => {
      const { store, open } = await useStore(t, makeStore);
      const tier = await addTierWith(store, { failureRules: COUNTED });
      const key = await addKey(store, 'tier');
      const served = drawn(await drawMany(store, [tier], 'a', 5));
      await store.close();
      const other = await open();
      for (const draw of served) await mustReport(other, draw, 'upstream_error');
      assert.deepEqual((await healthNow(other, key)).failures, { upstream_error: 5 });
    });

    it('count once each, however many stores send them at the same time', async (t) => {
      const { store, openMany } = await useStore(t, makeStore);
      const tier = await addTierWith(store, { failureRules: COUNTED, settleTimeoutMs: 3_600_000 });
      const key = await addKey(store, 'tier');
      const served = drawn(await drawMany(store, [tier], 'a', 24));
      await store.close();
      const stores = await openMany(2);
      const results = await reportEverywhere(stores, served);
      assert.ok(results.every(({ kind }) => kind === 'reported' || kind === 'unavailable'));
      const isNew = results.filter((result) => result.kind === 'reported' && result.isNew);
      assert.equal(isNew.length, 24);
      const [first] = stores;
      assert.ok(first);
      await eventually('every report has reached the key', async () => {
        await first.applyReports(100);
        const { health, holds } = await keyNow(first, key);
        assert.ok((health.failures.upstream_error ?? 0) <= 24);
        return health.failures.upstream_error === 24 && holds.length === 0 ? true : null;
      });
      assert.equal(await first.applyReports(100), 0);
    });
  });
}

function registerReportRetentionTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: the retention of reports`, () => {
    it('deletes them with or after their draws, which are then unknown', async (t) => {
      const opened = await useStore(t, makeStore, { summedSpans: SHORT_SPANS });
      const { store, waitUntil } = opened;
      const tier = await addTier(store, { a: [] });
      await addKey(store, 'tier');
      const old = drawn(await drawMany(store, [tier], 'a', 6));
      for (const draw of old) await mustReport(store, draw);
      const before = store.now() + 20;
      await waitUntil(store, before + 20);
      const kept = await mustDraw(store, [tier], 'a');
      await mustReport(store, kept);
      await sumBefore(opened, before);
      while ((await store.deleteExpired(before, 4)) > 0);
      while ((await store.deleteExpiredReports(before, 4)) > 0);
      const left = await usageEvents(store);
      assert.deepEqual(
        left.map(({ id, report }) => [id, report?.outcome]),
        [[kept.drawId, 'ok']],
      );
      for (const draw of old) assert.deepEqual(await report(store, draw), { kind: 'unknown' });
      assert.deepEqual(await report(store, kept), AGAIN);
    });
  });
}
