import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { it } from 'node:test';
import { startServer } from '../support/child-process.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { startWebhookReceiver } from '../support/webhook-receiver.ts';
import { callJson } from '../wire/json-call.ts';

/** A start, a look for what dead processes did not tell, and a delivery. */
const TOLD_WITHIN_MS = 20_000;

/** Calls of the root token that must succeed. */
function adminCalls(adminToken: string) {
  return async ({ url }: { readonly url: string }, method: string, body: object) => {
    const answer = await callJson({ url, adminToken }, method, body);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  };
}

it('a process killed before the alert of its draw, and one killed before its delivery, leave it to the next', async () => {
  await using folder = await temporaryFolder();
  await using receiver = await startWebhookReceiver();
  const adminToken = randomBytes(20).toString('hex');
  const env = {
    DATABASE_URL: `sqlite:${folder.file('keypool.db')}`,
    ADMIN_TOKEN: adminToken,
    WEBHOOKS_ALLOW_HTTP: 'true',
    WEBHOOKS_ALLOW_PRIVATE: 'true',
  };
  await using killed = await startServer({ env });
  const call = adminCalls(adminToken);
  await call(killed, 'AdminService/CreateWebhook', { webhook: { url: receiver.url } });
  await call(killed, 'AdminService/CreateTier', { tier: { id: 'basic', features: [{ name: 'scrape' }] } });
  const key = { tierId: 'basic', name: 'k', value: 'upstream-value', budgets: [{ limit: '5' }] };
  await call(killed, 'AdminService/CreateKey', { key });
  await call(killed, 'KeyPoolService/DrawKey', { feature: 'scrape', units: 4 });
  await killed.kill('SIGKILL');

  // Begun, and not known to be taken.
  receiver.answerWith(() => {});
  await using sending = await startServer({ env });
  const [begun] = await receiver.got(1, TOLD_WITHIN_MS);
  assert.equal(JSON.parse(begun?.body ?? '{}').data.kind, 'ALERT_KIND_BUDGET_80');
  await sending.kill('SIGKILL');

  receiver.answerWith(204);
  await using next = await startServer({ env });
  const [, again, ...others] = await receiver.got(2, TOLD_WITHIN_MS);
  assert.equal(again?.headers['webhook-id'], begun?.headers['webhook-id']);
  assert.equal(others.length, 0);
  await eventually('it is told to be delivered', async () => {
    const { alerts } = await call(next, 'AdminService/ListAlerts', {});
    const [alert] = alerts as readonly { readonly deliveries: readonly { readonly state: string }[] }[];
    return alert?.deliveries[0]?.state === 'DELIVERY_STATE_DELIVERED' ? true : null;
  });
});
