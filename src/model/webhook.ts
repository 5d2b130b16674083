import type { AlertKind } from './alert.ts';

/** How the deliveries of a webhook go. Times in ms. */
export interface WebhookHealth {
  /** Null when none ever was. */
  readonly deliveredAt: number | null;
  readonly failedAt: number | null;
  /** What the last failed attempt met; empty when none did. */
  readonly problem: string;
  /** Attempts that have failed since the last delivery. */
  readonly failuresInRow: number;
}

export const UNTRIED: WebhookHealth = { deliveredAt: null, failedAt: null, problem: '', failuresInRow: 0 };

/** Where alerts are sent. Times in ms. */
export interface Webhook {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  /** Which alerts it gets; none means all. */
  readonly kinds: readonly AlertKind[];
  /** What signs its deliveries, as sealed. */
  readonly secret: string;
  /** The one before, which signs besides until its time is over (ms); null when there is none. */
  readonly previousSecret: { readonly secret: string; readonly until: number } | null;
  readonly health: WebhookHealth;
  /** Counts admin edits from 1; the etag. */
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** True when a webhook asks for alerts of this kind. */
export function wants(webhook: Pick<Webhook, 'kinds'>, kind: AlertKind): boolean {
  return webhook.kinds.length === 0 || webhook.kinds.includes(kind);
}

export type DeliveryState = 'pending' | 'delivered' | 'failed';

/** An alert on its way to one webhook. Times in ms, the store's. */
export interface Delivery {
  /** Sent with every attempt, so that a receiver knows a repetition. */
  readonly id: string;
  readonly webhookId: string;
  readonly alertId: string;
  readonly state: DeliveryState;
  /** Attempts that were begun. */
  readonly attempts: number;
  /** When it may next be claimed: also the end of a claim. */
  readonly nextAt: number;
  readonly createdAt: number;
  /** When it was delivered or given up; null until then. */
  readonly endAt: number | null;
  /** What the last attempt met that ended; empty when none did, and after a delivery. */
  readonly problem: string;
}

/** Alerts are tried for so long, in ms. */
export const DELIVERY_SPAN_MS = 3 * 86_400_000;
const RETRY_FIRST_MS = 1000;
const RETRY_MAX_MS = 3_600_000;

/**
 * When an attempt that failed is repeated, in ms: after 1 s, 2 s, 4 s … 1 h, each shortened by up to a half at random
 * (`jitter`: 0 to below 1), so that many do not come at once. Null when the time for it is over. `attempts`: begun so
 * far, at least 1.
 */
export function nextAttemptAt(
  delivery: Pick<Delivery, 'attempts' | 'createdAt'>,
  now: number,
  jitter: number,
): number | null {
  const pauseMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(delivery.attempts - 1, 30));
  const at = Math.round(now + pauseMs * (1 - jitter / 2));
  return at > delivery.createdAt + DELIVERY_SPAN_MS ? null : at;
}

/** What came of an attempt. `again`: it is to be repeated from `nextAt` on; with no problem nobody is to blame for it. */
export type AttemptEnd =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'again'; readonly nextAt: number; readonly problem: string }
  | { readonly kind: 'failed'; readonly problem: string };

/** What an attempt's end, at `now`, makes of its delivery. */
export function endedDelivery(
  end: AttemptEnd,
  now: number,
): Pick<Delivery, 'state' | 'nextAt' | 'endAt' | 'problem'> {
  switch (end.kind) {
    case 'delivered':
      return { state: 'delivered', nextAt: now, endAt: now, problem: '' };
    case 'again':
      return { state: 'pending', nextAt: end.nextAt, endAt: null, problem: end.problem };
    case 'failed':
      return { state: 'failed', nextAt: now, endAt: now, problem: end.problem };
  }
}

/** What it makes of the webhook's health. */
export function healthAfter(health: WebhookHealth, end: AttemptEnd, now: number): WebhookHealth {
  if (end.kind === 'delivered') return { ...health, deliveredAt: now, failuresInRow: 0 };
  if (end.problem === '') return health;
  const { problem } = end;
  return { ...health, failedAt: now, problem, failuresInRow: health.failuresInRow + 1 };
}
