import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listAll } from '../support/listing.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { eventOf } from '../support/store-rows.ts';
import { addWebhook, claimAll, raised } from '../support/webhook-rows.ts';

const missing = { name: 'StoreError', kind: 'not-found' };

export function registerWebhookTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a webhook`, () => {
    it('is read as it was written, listed in pages, and gone when deleted', async (t) => {
      const { store } = await useStore(t, makeStore);
      const previousSecret = { secret: 'before', until: 9000 };
      const added = [
        await addWebhook(store, { kinds: ['pool_low', 'budget_80'], previousSecret }),
        await addWebhook(store, { description: 'ünïcode' }),
        await addWebhook(store),
      ];
      for (const webhook of added) assert.deepEqual(await store.getWebhook(webhook.id), webhook);
      for (const limit of [1, 2, 10]) assert.deepEqual(await listAll(store.listWebhooks, limit), added);
      const [first] = added;
      assert.ok(first);
      await store.deleteWebhook(first.id, () => eventOf('DeleteWebhook'));
      assert.equal(await store.getWebhook(first.id), null);
      await assert.rejects(
        store.deleteWebhook(first.id, () => eventOf('DeleteWebhook')),
        missing,
      );
    });

    it('is edited with its audit row, and stays as it is where nothing was changed', async (t) => {
      const { store } = await useStore(t, makeStore);
      const webhook = await addWebhook(store);
      const edited = await store.editWebhook(webhook.id, (row) => ({
        row: { ...row, kinds: ['key_quarantined'], version: 2, health: { ...row.health, failuresInRow: 9 } },
        event: eventOf('UpdateWebhook', { resourceType: 'webhook', resourceId: webhook.id }),
      }));
      assert.deepEqual(await store.getWebhook(webhook.id), { ...edited, health: webhook.health });
      await store.editWebhook(webhook.id, (row) => ({
        row: { ...row, url: 'https://x.example' },
        event: null,
      }));
      assert.equal((await store.getWebhook(webhook.id))?.url, webhook.url);
      const events = await store.listAdminEvents({ resourceType: 'webhook' }, { after: null, limit: 10 });
      assert.deepEqual(events.items.map(({ action }) => action).sort(), ['CreateWebhook', 'UpdateWebhook']);
      await assert.rejects(
        store.editWebhook('none', (row) => ({ row, event: null })),
        missing,
      );
    });

    it('is resealed where its secrets are what they were', async (t) => {
      const { store } = await useStore(t, makeStore);
      const previousSecret = { secret: 'before', until: 9000 };
      const { id } = await addWebhook(store, { secret: 'now', previousSecret });
      assert.equal(await store.resealWebhook(id, 'now', 'now, anew'), true);
      assert.equal(await store.resealWebhook(id, 'before', 'before, anew'), true);
      assert.equal(await store.resealWebhook(id, 'now', 'other'), false);
      assert.equal(await store.resealWebhook('none', 'now', 'other'), false);
      const row = await store.getWebhook(id);
      assert.deepEqual([row?.secret, row?.previousSecret?.secret], ['now, anew', 'before, anew']);
    });

    it('takes with it what was to be sent to it', async (t) => {
      const { store } = await useStore(t, makeStore);
      const webhook = await addWebhook(store);
      await raised(store);
      await store.deleteWebhook(webhook.id, () => eventOf('DeleteWebhook'));
      assert.deepEqual(await claimAll(store), []);
    });
  });

  describe(`${name}: a lease`, () => {
    it('is held by one, who keeps it, until its time is over', async (t) => {
      const { store, waitUntil, windowMs } = await useStore(t, makeStore);
      const until = store.now() + windowMs;
      assert.equal(await store.holdLease('work', 'a', windowMs), true);
      assert.equal(await store.holdLease('work', 'b', windowMs), false);
      assert.equal(await store.holdLease('other work', 'b', windowMs), true);
      assert.equal(await store.holdLease('work', 'a', windowMs), true);
      await waitUntil(store, until + 2 * windowMs);
      assert.equal(await store.holdLease('work', 'b', windowMs), true);
      assert.equal(await store.holdLease('work', 'a', windowMs), false);
    });

    it('goes to one of many that ask at once', async (t) => {
      const harness = await makeStore();
      t.after(harness.close);
      const stores = await harness.openMany(3);
      const asked = stores.flatMap((store, i) =>
        [0, 1, 2].map((n) => store.holdLease('work', `${i}.${n}`, 60_000)),
      );
      assert.equal((await Promise.all(asked)).filter(Boolean).length, 1);
    });
  });
}
