import type { Sealer } from '../model/sealing.ts';
import { type AttemptEnd, nextAttemptAt } from '../model/webhook.ts';
import type { ClaimedDelivery, Store } from '../store/port.ts';
import type { DomainLog } from './context.ts';
import { messageOfAlert, sealProblem, signedRequest, type WebhookSender } from './webhook-sender.ts';

export interface DeliveryParts {
  readonly store: Pick<Store, 'claimDeliveries' | 'endAttempt' | 'now'>;
  readonly sealer: Sealer;
  readonly webhookSender: WebhookSender;
  readonly randomBytes: (size: number) => Uint8Array;
  readonly log: DomainLog;
  /** Called when an attempt has ended: there may be room for the next. */
  readonly ended: () => void;
}

/** Makes the attempts that are due. */
export interface AlertDeliveries {
  /** Begins some; true when there may be more at once. */
  readonly begin: () => Promise<boolean>;
  /** Breaks off what is under way, which others go on with. */
  readonly stop: () => Promise<void>;
}

/** Longer than an attempt takes: whoever claimed a delivery and has not said more by then is gone. In ms. */
const LEASE_MS = 30_000;
const UNDER_WAY_MAX = 16;
/** A webhook that is slow leaves room for others. */
const PER_WEBHOOK_MAX = 4;

export function createAlertDeliveries(parts: DeliveryParts): AlertDeliveries {
  const { store, webhookSender, log } = parts;
  const stop = new AbortController();
  const underWay = new Map<Promise<void>, string>();

  async function send({ delivery, alert, webhook }: ClaimedDelivery): Promise<string | null> {
    try {
      const message = messageOfAlert(delivery.id, alert);
      return await webhookSender.send(
        signedRequest(parts.sealer, webhook, message, store.now()),
        stop.signal,
      );
    } catch (error) {
      return sealProblem(error);
    }
  }

  function endOf({ delivery }: ClaimedDelivery, problem: string | null): AttemptEnd {
    if (problem === null) return { kind: 'delivered' };
    const now = store.now();
    if (stop.signal.aborted) return { kind: 'again', nextAt: now, problem: '' };
    const [random = 0] = parts.randomBytes(1);
    const nextAt = nextAttemptAt(delivery, now, random / 256);
    return nextAt === null ? { kind: 'failed', problem } : { kind: 'again', nextAt, problem };
  }

  async function attempt(claimed: ClaimedDelivery): Promise<void> {
    const { delivery } = claimed;
    const fields = { webhook_id: delivery.webhookId, delivery_id: delivery.id, attempt: delivery.attempts };
    try {
      const problem = await send(claimed);
      const end = endOf(claimed, problem);
      if (problem !== null && !stop.signal.aborted) {
        const what = end.kind === 'failed' ? 'an alert was given up' : 'an alert was not delivered';
        log.warn({ ...fields, problem }, what);
      }
      await store.endAttempt(delivery.id, delivery.attempts, end);
    } catch (error) {
      // Nobody knows of its end: it is made again when the lease is over.
      log.warn({ ...fields, err: error }, 'the end of a delivery could not be noted');
    }
  }

  function track(claimed: ClaimedDelivery): void {
    const running: Promise<void> = attempt(claimed).finally(() => {
      underWay.delete(running);
      parts.ended();
    });
    underWay.set(running, claimed.delivery.webhookId);
  }

  /** How many can be begun at once, whichever webhooks they are for, and those that are to have no more. */
  function roomFor(): { readonly room: number; readonly busy: readonly string[] } {
    const counts = [...Map.groupBy(underWay.values(), (webhookId) => webhookId)];
    const busy = counts.flatMap(([id, all]) => (all.length >= PER_WEBHOOK_MAX ? [id] : []));
    const others = counts.flatMap(([, all]) => (all.length < PER_WEBHOOK_MAX ? [all.length] : []));
    const room = Math.min(PER_WEBHOOK_MAX - Math.max(0, ...others), UNDER_WAY_MAX - underWay.size);
    return { room, busy };
  }

  return {
    begin: async () => {
      const { room, busy } = roomFor();
      if (room <= 0 || stop.signal.aborted) return false;
      const claimed = await store.claimDeliveries(room, LEASE_MS, busy);
      for (const one of claimed) track(one);
      return claimed.length === room;
    },
    stop: async () => {
      stop.abort();
      await Promise.all(underWay.keys());
    },
  };
}
