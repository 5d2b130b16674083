import { createHmac } from 'node:crypto';
import type { Alert } from '../model/alert.ts';
import { SealBrokenError, type SealedPlace, type Sealer } from '../model/sealing.ts';
import type { Webhook } from '../model/webhook.ts';
import { enumText, timeText } from './field-changes.ts';

/** One attempt of a delivery. */
export interface WebhookRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
}

/** The way to webhooks. */
export interface WebhookSender {
  /** Why nothing can be sent to a URL, such as `must be an https URL`; null when it may be. */
  readonly problemWith: (url: string) => string | null;
  /** Null when it was answered with a status from 200 to 299; else what it met. Does not reject. */
  readonly send: (request: WebhookRequest, stop: AbortSignal) => Promise<string | null>;
}

/** Where there is no way. */
export const NO_WEBHOOKS: WebhookSender = {
  problemWith: () => 'cannot be reached from here',
  send: async () => 'it cannot be reached from here',
};

const SECRET_PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** Where the secrets of a webhook are sealed for, the one before the present one too. */
export function webhookSecretPlace(id: string): SealedPlace {
  return { table: 'webhooks', row: id, field: 'secret' };
}

/** As the Standard Webhooks write it: `whsec_` and base64. */
export function newWebhookSecret(randomBytes: (size: number) => Uint8Array): string {
  return SECRET_PREFIX + Buffer.from(randomBytes(SECRET_BYTES)).toString('base64');
}

/** What is sent: its kind, its moment (ms), and what it tells. */
export interface WebhookMessage {
  readonly id: string;
  readonly type: 'alert.opened' | 'webhook.test';
  readonly at: number;
  readonly data: Readonly<Record<string, unknown>>;
}

export function messageOfAlert(deliveryId: string, alert: Alert): WebhookMessage {
  return {
    id: deliveryId,
    type: 'alert.opened',
    at: alert.openAt,
    data: {
      id: alert.id,
      kind: enumText('ALERT_KIND', alert.kind),
      tierId: alert.tierId,
      feature: alert.feature,
      keyId: alert.keyId,
      quotaGroupId: alert.groupId,
      message: alert.message,
      openTime: timeText(alert.openAt),
    },
  };
}

function signature(secret: string, signed: string): string {
  const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}

/**
 * A message as the Standard Webhooks have it: HMAC-SHA256 over `<id>.<seconds>.<body>`, by the secret, and by the one
 * before while that still counts. Throws SealBrokenError.
 */
export function signedRequest(
  sealer: Sealer,
  { id, url, secret, previousSecret }: Webhook,
  message: WebhookMessage,
  now: number,
): WebhookRequest {
  const body = JSON.stringify({ type: message.type, timestamp: timeText(message.at), data: message.data });
  const seconds = Math.floor(now / 1000);
  const stored = previousSecret === null || previousSecret.until <= now ? [] : [previousSecret.secret];
  const secrets = [secret, ...stored].map((text) => sealer.open(text, webhookSecretPlace(id)));
  const signatures = secrets.map((text) => signature(text, `${message.id}.${seconds}.${body}`));
  return {
    url,
    headers: {
      'webhook-id': message.id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': signatures.join(' '),
    },
    body,
  };
}

/** What an attempt met whose secret does not open; other errors are thrown. */
export function sealProblem(error: unknown): string {
  if (error instanceof SealBrokenError) return 'its secret does not open: give it a new one';
  throw error;
}
