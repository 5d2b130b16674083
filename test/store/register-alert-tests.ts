import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { v7 as uuid } from 'uuid';
import { WELL } from '../../src/model/key.ts';
import { PLAIN_POLICY } from '../../src/model/tier-policy.ts';
import { mustDraw } from '../support/drawing.ts';
import { budgetOf, tierOf } from '../support/key-state.ts';
import { listAll } from '../support/listing.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addKeys, addTier, editKey, eventOf, same } from '../support/store-rows.ts';
import { addWebhook, claimAll, findingOf, raised } from '../support/webhook-rows.ts';

const ALL = { after: null, limit: 100 };

function registerRaisingTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: an alert`, () => {
    it('is raised once, with a delivery for each webhook that wants its kind, by however many', async (t) => {
      const harness = await makeStore();
      t.after(harness.close);
      const stores = await harness.openMany(3);
      const [store] = stores;
      assert.ok(store);
      const all = await addWebhook(store);
      const some = await addWebhook(store, { kinds: ['pool_low', 'budget_80'] });
      await addWebhook(store, { kinds: ['budget_100'] });
      const finding = findingOf({ tierId: 'tier', feature: 'a' });
      const raising = stores.flatMap((one) => [0, 1].map(() => one.raiseAlert(uuid(), finding)));
      assert.equal((await Promise.all(raising)).filter(Boolean).length, 1);
      const { items } = await store.listAlerts({}, ALL);
      assert.equal(items.length, 1);
      const [alert] = items;
      assert.deepEqual(
        [alert?.state, alert?.tierId, alert?.feature, alert?.message, alert?.closeAt],
        ['open', 'tier', 'a', finding.message, null],
      );
      const sent = alert?.deliveries.map(({ webhookId, state, attempts }) => [webhookId, state, attempts]);
      assert.deepEqual(sent?.sort(), [all, some].map(({ id }) => [id, 'pending', 0]).sort());
    });

    it('leaves others their turn, however many are raised and closed', async (t) => {
      const { store } = await useStore(t, makeStore);
      let turns = 0;
      let timer = setImmediate(function turn() {
        turns += 1;
        timer = setImmediate(turn);
      });
      t.after(() => clearImmediate(timer));
      const ids: string[] = [];
      for (let count = 0; count < 10; count += 1) ids.push(await raised(store));
      for (const id of ids) await store.closeAlert(id, true);
      assert.ok(turns >= 10, `${turns} turns`);
    });

    it('is closed once, and may be raised again where that is said', async (t) => {
      const { store } = await useStore(t, makeStore);
      const again = findingOf();
      const once = findingOf({ kind: 'budget_80' });
      const ids = [await raised(store, again), await raised(store, once)] as const;
      for (const [i, id] of ids.entries()) {
        assert.equal(await store.closeAlert(id, i === 0), true);
        assert.equal(await store.closeAlert(id, i === 0), false);
      }
      assert.equal(await store.raiseAlert(uuid(), again), true);
      assert.equal(await store.raiseAlert(uuid(), once), false);
      const { items } = await store.listAlerts({ state: 'closed' }, ALL);
      assert.ok(items.every(({ closeAt, openAt }) => closeAt !== null && closeAt >= openAt));
      assert.equal(await store.closeAlert('none', true), false);
    });

    it('is listed newest first, by state and kind, in pages', async (t) => {
      const { store } = await useStore(t, makeStore);
      const kinds = ['pool_low', 'key_quarantined', 'budget_80', 'pool_low', 'budget_100'] as const;
      const ids: string[] = [];
      for (const kind of kinds) ids.push(await raised(store, { kind }));
      await store.closeAlert(ids[3] ?? '', true);
      const listed = (filter: Parameters<typeof store.listAlerts>[0], limit: number) =>
        listAll((page) => store.listAlerts(filter, page), limit);
      for (const limit of [1, 2, 100]) {
        const indexes = async (filter: Parameters<typeof store.listAlerts>[0]) =>
          (await listed(filter, limit)).map(({ id }) => ids.indexOf(id));
        assert.deepEqual(await indexes({}), [4, 3, 2, 1, 0]);
        assert.deepEqual(await indexes({ state: 'open' }), [4, 2, 1, 0]);
        assert.deepEqual(await indexes({ state: 'open', kind: 'pool_low' }), [0]);
        assert.deepEqual(await indexes({ kind: 'pool_low' }), [3, 0]);
      }
    });

    it('goes with its deliveries when its time is over, and not while it is open', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addWebhook(store);
      const closed = await raised(store);
      const open = await raised(store);
      for (const { delivery } of await claimAll(store))
        await store.endAttempt(delivery.id, 1, { kind: 'delivered' });
      await store.closeAlert(closed, true);
      assert.equal(await store.deleteExpiredAlerts(store.now() - 60_000, 10), 0);
      await store.deleteExpiredAlerts(store.now() + 60_000, 10);
      const { items } = await store.listAlerts({}, ALL);
      assert.deepEqual(
        items.map(({ id, deliveries }) => [id, deliveries]),
        [[open, []]],
      );
    });
  });
}

function registerDeliveryTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a delivery`, () => {
    it('is claimed by one at a time, with its alert and webhook', async (t) => {
      const harness = await makeStore();
      t.after(harness.close);
      const stores = await harness.openMany(3);
      const [store] = stores;
      assert.ok(store);
      const webhook = await addWebhook(store);
      const ids = [await raised(store), await raised(store), await raised(store)];
      const claimed = (await Promise.all(stores.map((one) => claimAll(one)))).flat();
      assert.deepEqual(claimed.map(({ alert }) => alert.id).sort(), ids.sort());
      assert.ok(claimed.every(({ delivery }) => delivery.attempts === 1));
      assert.deepEqual(claimed[0]?.webhook, webhook);
      assert.deepEqual(await claimAll(store), []);
    });

    it('is claimed anew when whoever claimed it says nothing more, and only the last may end it', async (t) => {
      const { store, windowMs, waitUntil } = await useStore(t, makeStore);
      await addWebhook(store);
      await raised(store);
      const [first] = await claimAll(store, windowMs);
      await waitUntil(store, (first?.delivery.nextAt ?? 0) + 1);
      const [second] = await claimAll(store, windowMs);
      assert.equal(second?.delivery.id, first?.delivery.id);
      assert.equal(second?.delivery.attempts, 2);
      const id = first?.delivery.id ?? '';
      assert.equal(await store.endAttempt(id, 1, { kind: 'failed', problem: 'late' }), false);
      assert.equal(await store.endAttempt(id, 2, { kind: 'delivered' }), true);
      assert.equal(await store.endAttempt(id, 2, { kind: 'delivered' }), false);
      await waitUntil(store, (second?.delivery.nextAt ?? 0) + 1);
      assert.deepEqual(await claimAll(store), []);
    });

    it('is due again when its attempt says so, and its webhook tells how it went', async (t) => {
      const { store, windowMs, waitUntil } = await useStore(t, makeStore);
      const { id: webhookId } = await addWebhook(store);
      await raised(store);
      const [claimed] = await claimAll(store);
      const { id = '' } = claimed?.delivery ?? {};
      const nextAt = store.now() + windowMs;
      await store.endAttempt(id, 1, { kind: 'again', nextAt, problem: 'HTTP status 503' });
      assert.deepEqual(await claimAll(store), []);
      const failing = (await store.getWebhook(webhookId))?.health;
      assert.deepEqual([failing?.problem, failing?.failuresInRow], ['HTTP status 503', 1]);
      assert.deepEqual((await store.countDeliveries([webhookId], 10)).get(webhookId), {
        pending: 1,
        failed: 0,
      });
      await waitUntil(store, nextAt);
      assert.equal((await claimAll(store)).length, 1);
      await store.endAttempt(id, 2, { kind: 'delivered' });
      const health = (await store.getWebhook(webhookId))?.health;
      assert.deepEqual([health?.failuresInRow, health?.deliveredAt !== null], [0, true]);
      const [alert] = (await store.listAlerts({}, ALL)).items;
      assert.deepEqual(
        alert?.deliveries.map(({ state, attempts, problem }) => [state, attempts, problem]),
        [['delivered', 2, '']],
      );
    });

    it('that was given up is counted, and claimed no more', async (t) => {
      const { store } = await useStore(t, makeStore);
      const { id: webhookId } = await addWebhook(store);
      const { id: other } = await addWebhook(store);
      await raised(store);
      const claimed = await store.claimDeliveries(10, 30_000, [other]);
      assert.deepEqual(
        claimed.map(({ webhook }) => webhook.id),
        [webhookId],
      );
      const { id = '' } = claimed[0]?.delivery ?? {};
      await store.endAttempt(id, 1, { kind: 'failed', problem: 'no connection' });
      const counts = await store.countDeliveries([webhookId, other], 10);
      assert.deepEqual(counts.get(webhookId), { pending: 0, failed: 1 });
      assert.deepEqual(counts.get(other), { pending: 1, failed: 0 });
    });
  });
}

function registerFindingTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: what calls for an alert`, () => {
    it('is a quarantined key, found by id', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      const keys = await addKeys(store, 'tier', same(4));
      const [one, two, three] = keys;
      assert.ok(one && two && three);
      await store.quarantineKey(one.id, one.value, 'SEAL_BROKEN');
      const health = { ...WELL, quarantinedAt: 5000 };
      await editKey(store, three.id, () => ({ state: 'quarantined', stateReason: 'banned', health }));
      const found = await store.listQuarantined('', 10);
      assert.deepEqual(
        found.map(({ id, tierId, stateReason }) => [id, tierId, stateReason]),
        [
          [one.id, 'tier', 'SEAL_BROKEN'],
          [three.id, 'tier', 'banned'],
        ],
      );
      assert.equal(found[1]?.quarantinedAt, 5000);
      assert.deepEqual((await store.listQuarantined(one.id, 10)).length, 1);
      assert.deepEqual((await store.listQuarantined('', 1)).length, 1);
      await editKey(store, one.id, () => ({ state: 'active', health: WELL }));
      assert.equal((await store.listQuarantined('', 10)).length, 1);
    });

    it('is a budget that draws of this process use up: told when it passes 80 % and 100 %', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const { id } = await addKey(store, 'tier', { budgets: [budgetOf(5)], epoch: 1 });
      const told: number[] = [];
      for (let draws = 1; draws <= 5; draws += 1) {
        await mustDraw(store, [tier], 'a');
        const keys = store.takeSpentKeys();
        assert.ok(keys.every((key) => key === id));
        if (keys.length > 0) told.push(draws);
      }
      assert.deepEqual(told, [4, 5]);
      assert.deepEqual(store.takeSpentKeys(), []);
    });

    it('is a budget that a report uses up, and one of a key whose draws are held', async (t) => {
      const { store } = await useStore(t, makeStore);
      const plain = await addTier(store, { a: [] });
      const policy = { ...PLAIN_POLICY, settleTimeoutMs: 60_000 };
      const held = { ...tierOf({ a: [] }, 'held'), policy };
      await store.createTier(held, eventOf('CreateTier', { resourceId: 'held' }));
      for (const tier of [plain, held]) {
        const { id } = await addKey(store, tier.id, { budgets: [budgetOf(10)], epoch: 1 });
        const { drawId } = await mustDraw(store, [tier], 'a');
        assert.deepEqual(store.takeSpentKeys(), []);
        const said = { retryAfterMs: null, statusCode: null, message: null, jitter: 0 };
        const [result] = await store.reportRound([
          { drawId, consumerId: null, outcome: 'ok', units: 8, ...said },
        ]);
        assert.equal(result?.kind, 'reported');
        assert.deepEqual(store.takeSpentKeys(), [id], tier.id);
        await mustDraw(store, [tier], 'a');
        await mustDraw(store, [tier], 'a');
        assert.ok(store.takeSpentKeys().includes(id), tier.id);
      }
    });

    it('is told with what a report makes of it, whoever asks meanwhile', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const said = { retryAfterMs: null, statusCode: null, message: null, jitter: 0 };
      for (let tries = 0; tries < 5; tries += 1) {
        const { id } = await addKey(store, 'tier', { budgets: [budgetOf(10)], epoch: 1 });
        const { drawId } = await mustDraw(store, [tier], 'a');
        let isDone = false;
        const reporting = store
          .reportRound([{ drawId, consumerId: null, outcome: 'ok', units: 10, ...said }])
          .then(() => {
            isDone = true;
          });
        const seen: (number | undefined)[] = [];
        for (let isLast = false; !isLast; ) {
          isLast = isDone;
          for (const spent of store.takeSpentKeys())
            if (spent === id) seen.push((await store.getKey(spent))?.budgets[0]?.used);
          await new Promise((resolve) => setImmediate(resolve));
        }
        await reporting;
        assert.ok(seen.includes(10), `${seen}`);
      }
    });

    it('is a budget that an edit makes so', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const { id } = await addKey(store, 'tier', { budgets: [budgetOf(100)], epoch: 1 });
      await mustDraw(store, [tier], 'a');
      await editKey(store, id, ({ budgets }) => ({
        budgets: budgets.map((budget) => ({ ...budget, limit: 1 })),
      }));
      assert.deepEqual(store.takeSpentKeys(), [id]);
    });

    it('is found by another process by a look at all keys, some at a time', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      const budgets = [0, 79, 80, 120].map((used) => [{ ...budgetOf(100), used }]);
      const keys = await addKeys(
        store,
        'tier',
        [...budgets, []].map((list) => ({ budgets: list })),
      );
      for (const limit of [1, 2, 5, 100]) {
        const found: string[] = [];
        for (let after: string | null = ''; after !== null; ) {
          const step: Awaited<ReturnType<typeof store.findSpentKeys>> = await store.findSpentKeys(
            after,
            limit,
          );
          assert.ok(step.keys.length <= limit);
          found.push(...step.keys.map(({ id }) => id));
          after = step.next;
        }
        assert.deepEqual(found, [keys[2]?.id, keys[3]?.id]);
      }
    });

    it('is in view of processes, until they say nothing more', async (t) => {
      const { store, waitUntil } = await useStore(t, makeStore);
      await store.forgetWatchers(await store.lostWatchers(store.now()), Infinity);
      await store.noteWatcher('a');
      await store.noteWatcher('b');
      const noted = store.now();
      assert.deepEqual(await store.lostWatchers(noted - 60_000), []);
      await waitUntil(store, noted + 50);
      await store.noteWatcher('b');
      assert.deepEqual(await store.lostWatchers(noted + 25), ['a']);
      await store.forgetWatchers(['a', 'b'], noted + 25);
      // One that says something again is not gone.
      assert.deepEqual(await store.lostWatchers(noted + 60_000), ['b']);
      await store.forgetWatchers(['b'], Infinity);
      assert.deepEqual(await store.lostWatchers(noted + 60_000), []);
    });
  });
}

export function registerAlertTests(name: string, makeStore: StoreFactory): void {
  registerRaisingTests(name, makeStore);
  registerDeliveryTests(name, makeStore);
  registerFindingTests(name, makeStore);
}
