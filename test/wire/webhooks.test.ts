import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { documentedModule } from '../support/document-module.ts';
import { eventually } from '../support/eventually.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { type Attacked, attacked, STORES } from './attacked.ts';
import { refused } from './json-call.ts';

const ALERT_WITHIN_MS = 10_000;
const ALLOWED = { WEBHOOKS_ALLOW_HTTP: 'true', WEBHOOKS_ALLOW_PRIVATE: 'true' };

interface WebhookAnswer {
  readonly id: string;
  readonly etag: string;
  readonly kinds?: readonly string[];
}

interface AlertAnswer {
  readonly id: string;
  readonly kind: string;
  readonly keyId?: string;
  readonly deliveries?: readonly { readonly state: string; readonly webhookId: string }[];
}

/** The example of docs/alerts.md. */
type Verify = (headers: object, body: string, secret: string) => boolean;

for (const store of STORES)
  describe(`a webhook, on ${store}`, { concurrency: true }, () => {
    let receiver: WebhookReceiver;
    let target: Attacked;
    const secrets: string[] = [];
    before(async () => {
      receiver = await startWebhookReceiver();
      target = await attacked(store, ALLOWED);
    });
    after(async () => {
      await target[Symbol.asyncDispose]();
      await receiver[Symbol.asyncDispose]();
      const logged = JSON.stringify(target.served.log);
      for (const secret of secrets) assert.ok(!logged.includes(secret));
    });

    const admin = (method: string, body: object) => target.call(`AdminService/${method}`, body);
    async function create(webhook: object) {
      const answer = await admin('CreateWebhook', { webhook });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      const made = answer.body as unknown as { webhook: WebhookAnswer; secret: string };
      secrets.push(made.secret);
      return made;
    }
    const alerts = async (filter: object = {}) =>
      ((await admin('ListAlerts', filter)).body.alerts ?? []) as readonly AlertAnswer[];

    it('gets each alert of a budget within 10 s, signed so that the documented check accepts it', async () => {
      const { verifyWebhook } = await documentedModule<{ readonly verifyWebhook: Verify }>('alerts.md');
      await using own = await startWebhookReceiver();
      const kinds = ['ALERT_KIND_BUDGET_80', 'ALERT_KIND_BUDGET_100'];
      const { webhook, secret } = await create({ url: own.url, kinds });
      await admin('CreateTier', { tier: { id: 'basic', features: [{ name: 'scrape' }] } });
      const key = { tierId: 'basic', name: 'k', value: 'upstream-value', budgets: [{ limit: '5' }] };
      const { body } = await admin('CreateKey', { key });
      const { id } = body.key as { id: string };
      const drawn = await target.call('KeyPoolService/DrawKey', { feature: 'scrape', units: 5 });
      assert.equal(drawn.status, 200);
      const [first] = await own.got(2, ALERT_WITHIN_MS);
      assert.ok(first && verifyWebhook(first.headers, first.body, secret));
      assert.ok(!verifyWebhook(first.headers, `${first.body} `, secret));
      assert.ok(!verifyWebhook({ ...first.headers, 'webhook-timestamp': '1000' }, first.body, secret));
      const told = own.received.map(({ body: text }) => JSON.parse(text));
      assert.deepEqual(told.map(({ data }) => data.kind).sort(), [...kinds].sort());
      assert.ok(told.every(({ type, data }) => type === 'alert.opened' && data.keyId === id));
      await eventually('both are delivered', async () => {
        const listed = await alerts({ state: 'ALERT_STATE_OPEN' });
        const ofKey = listed.filter(({ keyId }) => keyId === id);
        const states = ofKey.flatMap(({ deliveries = [] }) => deliveries.map(({ state }) => state));
        return states.filter((state) => state === 'DELIVERY_STATE_DELIVERED').length === 2 ? true : null;
      });
      assert.equal((await alerts({ kind: 'ALERT_KIND_BUDGET_80' })).length, 1);
      const status = (await admin('GetStatus', {})).body as unknown as {
        readonly openAlerts: readonly AlertAnswer[];
        readonly webhooks: readonly { readonly webhookId: string; readonly pending?: number }[];
      };
      assert.equal(status.openAlerts.filter(({ keyId }) => keyId === id).length, 2);
      const health = status.webhooks.find(({ webhookId }) => webhookId === webhook.id);
      assert.ok(health !== undefined && health.pending === undefined);
    });

    it('gets alerts of a low pool and of a quarantined key within 10 s', async () => {
      await using other = await startWebhookReceiver();
      await create({ url: other.url, kinds: ['ALERT_KIND_POOL_LOW', 'ALERT_KIND_KEY_QUARANTINED'] });
      await admin('CreateTier', { tier: { id: 'low', features: [{ name: 'search' }], alertBelow: 1 } });
      const { body } = await admin('CreateKey', { key: { tierId: 'low', name: 'k', value: 'other-value' } });
      const { id } = body.key as { id: string };
      const drawn = await target.call('KeyPoolService/DrawKey', { feature: 'search' });
      const { drawId } = drawn.body as { drawId: string };
      const report = { drawId, outcome: 'OUTCOME_UNAUTHORIZED' };
      assert.equal((await target.call('KeyPoolService/ReportOutcome', report)).status, 200);
      const told = (await other.got(2, ALERT_WITHIN_MS)).map(({ body: text }) => JSON.parse(text).data);
      const quarantined = told.find(({ kind }) => kind === 'ALERT_KIND_KEY_QUARANTINED');
      const low = told.find(({ kind }) => kind === 'ALERT_KIND_POOL_LOW');
      assert.deepEqual([quarantined?.keyId, low?.tierId, low?.feature], [id, 'low', 'search']);
    });

    it('is read, listed, changed, tested and deleted, and its secret is shown once', async () => {
      await create({ url: receiver.url, kinds: ['ALERT_KIND_POOL_LOW'] });
      const { webhook, secret } = await create({ url: receiver.url, description: 'on call' });
      const shown = await admin('GetWebhook', { id: webhook.id });
      assert.deepEqual(shown.body.webhook, webhook);
      const listed = await admin('ListWebhooks', { pageSize: 1 });
      assert.equal((listed.body.webhooks as readonly unknown[]).length, 1);
      assert.notEqual(listed.body.nextPageToken, undefined);
      const kinds = ['ALERT_KIND_POOL_LOW'];
      const changed = await admin('UpdateWebhook', {
        webhook: { id: webhook.id, kinds, etag: webhook.etag },
        updateMask: 'kinds',
        rotateSecret: true,
      });
      const { webhook: row, secret: next } = changed.body as unknown as {
        webhook: WebhookAnswer;
        secret: string;
      };
      secrets.push(next);
      assert.deepEqual(row.kinds, kinds);
      assert.ok(next.startsWith('whsec_') && next !== secret);
      const tested = await admin('TestWebhook', { id: webhook.id });
      assert.deepEqual(tested.body, { delivered: true });
      const stale = { webhook: { id: webhook.id, etag: webhook.etag }, rotateSecret: true };
      refused(await admin('UpdateWebhook', stale), 409, 'ETAG_MISMATCH');
      assert.equal((await admin('DeleteWebhook', { id: webhook.id })).status, 200);
      refused(await admin('GetWebhook', { id: webhook.id }), 404, 'WEBHOOK_NOT_FOUND');
      refused(await admin('TestWebhook', { id: webhook.id }), 404, 'WEBHOOK_NOT_FOUND');
    });

    it('is refused with what cannot be, and to whom it is not allowed', async () => {
      const bad = async (webhook: object, field: string) => {
        const error = refused(await admin('CreateWebhook', { webhook }), 400, 'INVALID_FIELD');
        assert.deepEqual(error.fields, [field]);
      };
      await bad({ url: 'ftp://receiver.example/' }, 'webhook.url');
      await bad({ url: 'http://169.254.169.254/latest' }, 'webhook.url');
      await bad({ url: 'https://user:password@receiver.example/' }, 'webhook.url');
      const empty = await admin('UpdateWebhook', { webhook: { id: 'x' } });
      refused(empty, 400, 'INVALID_FIELD');
      refused(await admin('ListAlerts', { pageToken: 'foreign' }), 400, 'INVALID_FIELD');
      const reader = await target.issue({ scopes: ['admin.read'] });
      const token = { token: reader.token };
      assert.equal((await target.call('AdminService/ListAlerts', {}, token)).status, 200);
      const creating = { webhook: { url: receiver.url } };
      refused(await target.call('AdminService/CreateWebhook', creating, token), 403, 'ADMIN_REQUIRED');
      refused(await target.call('AdminService/TestWebhook', { id: 'x' }, token), 403, 'ADMIN_REQUIRED');
    });
  });

it('a webhook in a private network is refused unless that is configured', async () => {
  await using target = await attacked('SQLite');
  for (const url of ['http://receiver.example/', 'https://127.0.0.1/', 'https://10.0.0.1/']) {
    const answer = await target.call('AdminService/CreateWebhook', { webhook: { url } });
    assert.deepEqual(refused(answer, 400, 'INVALID_FIELD').fields, ['webhook.url']);
  }
});
