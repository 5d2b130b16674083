import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { deleteWebhook } from '../../src/domain/delete-webhook.ts';
import { getStatus } from '../../src/domain/get-status.ts';
import { resealOwnSecrets } from '../../src/domain/reseal-own-secrets.ts';
import { testWebhook } from '../../src/domain/test-webhook.ts';
import { updateWebhook } from '../../src/domain/update-webhook.ts';
import { createSealer, sealingKeyId, sealingKeyIdOf } from '../../src/model/sealing.ts';
import { eventually } from '../support/eventually.ts';
import type { Received } from '../support/webhook-receiver.ts';
import { raised } from '../support/webhook-rows.ts';
import { openAlerted } from './open-alerts.ts';
import { refused } from './refusals.ts';

const DAY_MS = 86_400_000;

/** The signatures of a request that the secret makes, as the Standard Webhooks say. */
function isSignedBy({ headers, body }: Received, secret: string): boolean {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const signature = `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
  return String(headers['webhook-signature']).split(' ').includes(signature);
}

describe('a delivery', () => {
  it('is one signed request, which says what the alert is about', async (t) => {
    const { addWebhook, context, pass, receiver } = await openAlerted(t);
    const { secret } = await addWebhook();
    const alertId = await raised(context.store, { tierId: 'basic', feature: 'scrape' });
    await pass(2000);
    const [got] = await receiver.got(1);
    assert.ok(got && isSignedBy(got, secret));
    assert.equal(Number(got.headers['webhook-timestamp']), Math.floor(context.store.now() / 1000));
    const body = JSON.parse(got.body);
    assert.deepEqual(
      [body.type, body.data.id, body.data.kind],
      ['alert.opened', alertId, 'ALERT_KIND_POOL_LOW'],
    );
    assert.deepEqual([body.data.tierId, body.data.feature], ['basic', 'scrape']);
    await pass(DAY_MS);
    assert.equal(receiver.received.length, 1);
  });

  it('is repeated with the same id until it is taken, later and later', async (t) => {
    const { addWebhook, context, root, pass, receiver } = await openAlerted(t);
    await addWebhook();
    receiver.answerWith(503);
    await raised(context.store);
    let count = 0;
    for (const ms of [2000, 2000, 4000, 8000]) {
      await pass(ms);
      count += 1;
      await receiver.got(count);
      const problem = async () => (await getStatus(context, root)).alerts.webhooks[0]?.health.failuresInRow;
      await eventually('its end is noted', async () => ((await problem()) === count ? true : null));
      // It is not due again at once.
      await pass(1);
      if (count > 2) assert.equal(receiver.received.length, count);
    }
    receiver.answerWith(200);
    await pass(60_000);
    await receiver.got(count + 1);
    assert.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 1);
    const status = await eventually('it is delivered', async () => {
      const { webhooks } = (await getStatus(context, root)).alerts;
      return webhooks[0]?.pending === 0 ? webhooks[0] : null;
    });
    assert.deepEqual([status.failed, status.health.failuresInRow], [0, 0]);
    assert.equal(status.origin, new URL(receiver.url).origin);
  });

  it('waits while the webhook is down, and is given up after three days', async (t) => {
    const { addWebhook, context, pass, receiver } = await openAlerted(t);
    const { webhook } = await addWebhook();
    await receiver.goDown();
    await raised(context.store);
    const counts = async () => (await context.store.countDeliveries([webhook.id], 10)).get(webhook.id);
    const attempts = async () => {
      const { items } = await context.store.listAlerts({}, { after: null, limit: 1 });
      return items[0]?.deliveries[0];
    };
    await pass(2000);
    await eventually('it was tried', async () => ((await attempts())?.problem ? true : null));
    assert.deepEqual(await counts(), { pending: 1, failed: 0 });
    await pass(3 * DAY_MS - 3000);
    await eventually('it was given up', async () => ((await counts())?.failed === 1 ? true : null));
    assert.equal((await attempts())?.problem, 'no connection (ECONNREFUSED)');
  });

  it('comes through when a webhook that was down comes back', async (t) => {
    const { addWebhook, context, pass, receiver, listed } = await openAlerted(t);
    const { secret } = await addWebhook();
    await receiver.goDown();
    const alertId = await raised(context.store);
    await pass(2000);
    const problem = async () => (await listed())[0]?.deliveries[0]?.problem;
    await eventually('it was tried', async () => ((await problem()) === '' ? null : true));
    await receiver.comeBack();
    await pass(2000);
    const [got] = await receiver.got(1);
    assert.ok(got && isSignedBy(got, secret) && got.body.includes(alertId));
  });

  it('is made by another process when the one that claimed it is killed before it is made', async (t) => {
    const { addWebhook, context, pass, receiver } = await openAlerted(t);
    await addWebhook();
    await raised(context.store);
    // Claimed, and then nothing more is heard of that process.
    assert.equal((await context.store.claimDeliveries(1, 30_000, [])).length, 1);
    await pass(29_000);
    assert.equal(receiver.received.length, 0);
    await pass(2000);
    await receiver.got(1);
  });

  it('is one of four under way to its webhook, however they come', async (t) => {
    const { addWebhook, context, pass, receiver, listed } = await openAlerted(t);
    receiver.answerWith(() => {});
    await addWebhook();
    const underWay = async () =>
      (await listed()).filter(({ deliveries: [one] }) => one?.attempts === 1).length;
    for (const [more, begun] of [
      [3, 3],
      [5, 4],
    ] as const) {
      for (let count = 0; count < more; count += 1) await raised(context.store);
      await pass(1);
      await receiver.got(begun);
      assert.equal(await underWay(), begun);
    }
  });

  it('to a webhook that is slow holds up no other', async (t) => {
    const { addWebhook, context, pass, receiver } = await openAlerted(t);
    const slow = new URL('/slow', receiver.url).href;
    receiver.answerWith((response) => {
      if (response.req.url !== '/slow') response.writeHead(200).end();
    });
    await addWebhook({ url: slow });
    for (let alerts = 0; alerts < 20; alerts += 1) await raised(context.store);
    await addWebhook();
    const id = await raised(context.store);
    await pass(2000);
    await eventually('the other has its alert', async () => {
      await pass(0);
      return receiver.received.find(({ path, body }) => path === '/alerts' && body.includes(id)) ?? null;
    });
  });
});

describe('a webhook', () => {
  it('is tested at once, and told what it met', async (t) => {
    const { addWebhook, context, root, receiver } = await openAlerted(t);
    const { webhook, secret } = await addWebhook();
    assert.equal(await testWebhook(context, root, { id: webhook.id }), null);
    const [got] = receiver.received;
    assert.ok(got && isSignedBy(got, secret));
    assert.equal(JSON.parse(got.body).type, 'webhook.test');
    receiver.answerWith(404);
    assert.equal(await testWebhook(context, root, { id: webhook.id }), 'HTTP status 404');
    await refused(testWebhook(context, root, { id: 'none' }), 'WEBHOOK_NOT_FOUND');
  });

  it('with a new secret is signed with both for a day', async (t) => {
    const { addWebhook, context, root, clock, receiver } = await openAlerted(t);
    const { webhook, secret: before } = await addWebhook();
    const input = { id: webhook.id, etag: null, changes: {}, rotateSecret: true };
    const { secret: now } = await updateWebhook(context, root, input);
    assert.ok(now !== null && now !== before);
    const signedBy = async () => {
      await testWebhook(context, root, { id: webhook.id });
      const got = receiver.received.at(-1);
      assert.ok(got);
      return [isSignedBy(got, before), isSignedBy(got, now)];
    };
    assert.deepEqual(await signedBy(), [true, true]);
    clock.advance(DAY_MS);
    assert.deepEqual(await signedBy(), [false, true]);
  });

  it('is changed and deleted with what stands in the audit, no secret and no path among it', async (t) => {
    const { addWebhook, context, root, receiver } = await openAlerted(t);
    const { webhook, secret } = await addWebhook();
    const update = (changes: object, etag: string | null = null) =>
      updateWebhook(context, root, { id: webhook.id, etag, changes, rotateSecret: false });
    await update({ kinds: ['budget_80'], url: new URL('/hidden-path', receiver.url).href });
    assert.equal((await update({ kinds: ['budget_80'] })).webhook.version, 2);
    await refused(update({ description: 'x' }, '1'), 'ETAG_MISMATCH');
    await refused(update({ url: 'ftp://x.example' }), 'INVALID_FIELD');
    await deleteWebhook(context, root, { id: webhook.id, etag: '2' });
    await refused(deleteWebhook(context, root, { id: webhook.id, etag: null }), 'WEBHOOK_NOT_FOUND');
    const { items } = await context.store.listAdminEvents({}, { after: null, limit: 10 });
    assert.deepEqual(
      items.map(({ action }) => action),
      ['DeleteWebhook', 'UpdateWebhook', 'CreateWebhook'],
    );
    const text = JSON.stringify(items);
    assert.ok(!text.includes(secret) && !text.includes('hidden-path') && text.includes('(changed)'));
  });

  it('has its secrets sealed, and sealed anew under another key', async (t) => {
    const { addWebhook, context, root, receiver } = await openAlerted(t);
    const { webhook, secret } = await addWebhook();
    assert.equal(sealingKeyIdOf(webhook.secret), context.sealer.keyId);
    const anew = Buffer.alloc(32, 7);
    const both = createSealer(anew, [], context.randomBytes);
    const sealer = {
      ...both,
      open: (text: string, place: Parameters<typeof both.open>[1]) =>
        (sealingKeyIdOf(text) === both.keyId ? both : context.sealer).open(text, place),
    };
    await updateWebhook(context, root, { id: webhook.id, etag: null, changes: {}, rotateSecret: true });
    await resealOwnSecrets({ ...context, sealer });
    const row = await context.store.getWebhook(webhook.id);
    const ids = [row?.secret, row?.previousSecret?.secret].map((text) => sealingKeyIdOf(text ?? ''));
    assert.deepEqual(ids, [sealingKeyId(anew), sealingKeyId(anew)]);
    assert.equal(await testWebhook({ ...context, sealer }, root, { id: webhook.id }), null);
    assert.ok(receiver.received[0] && isSignedBy(receiver.received[0], secret));
    // Without the key: a new secret helps.
    const error = await refused(testWebhook(context, root, { id: webhook.id }), 'SEAL_BROKEN');
    assert.match(error.message, /new one/);
    await updateWebhook(context, root, { id: webhook.id, etag: null, changes: {}, rotateSecret: true });
    assert.equal(await testWebhook(context, root, { id: webhook.id }), null);
  });

  it('is one of a hundred at most', async (t) => {
    const { addWebhook } = await openAlerted(t);
    for (let count = 0; count < 100; count += 1) await addWebhook();
    await refused(addWebhook(), 'WEBHOOKS_FULL');
  });
});
