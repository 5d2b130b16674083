import { randomBytes } from 'node:crypto';
import { v7 as uuid } from 'uuid';
import { type Finding, NO_SUBJECT } from '../../src/model/alert.ts';
import { UNTRIED, type Webhook } from '../../src/model/webhook.ts';
import type { ClaimedDelivery, Store } from '../../src/store/port.ts';
import { eventOf } from './store-rows.ts';

export function webhookOf(parts: Partial<Webhook> = {}): Webhook {
  return {
    id: uuid(),
    url: 'https://receiver.example/alerts',
    description: '',
    kinds: [],
    secret: randomBytes(16).toString('hex'),
    previousSecret: null,
    health: UNTRIED,
    version: 1,
    createdAt: 1000,
    updatedAt: 1000,
    ...parts,
  };
}

export async function addWebhook(store: Store, parts: Partial<Webhook> = {}): Promise<Webhook> {
  const webhook = webhookOf(parts);
  await store.createWebhook(
    webhook,
    eventOf('CreateWebhook', { resourceType: 'webhook', resourceId: webhook.id }),
  );
  return webhook;
}

/** A finding of an occurrence of its own. */
export function findingOf(parts: Partial<Finding> = {}): Finding {
  return { ...NO_SUBJECT, kind: 'pool_low', occurrence: uuid(), message: 'A pool is low.', ...parts };
}

/** Raises an alert, and gives its id. */
export async function raised(store: Store, parts: Partial<Finding> = {}): Promise<string> {
  const id = uuid();
  if (!(await store.raiseAlert(id, findingOf(parts)))) throw new Error('the alert was on record');
  return id;
}

/** Claims all that is due. */
export function claimAll(store: Store, leaseMs = 30_000): Promise<readonly ClaimedDelivery[]> {
  return store.claimDeliveries(100, leaseMs, []);
}
