import type { Alert, AlertKind, AlertState, Finding } from '../../model/alert.ts';
import type { AdminEvent } from '../../model/audit.ts';
import type { Key } from '../../model/key.ts';
import type { AttemptEnd, Delivery, Webhook } from '../../model/webhook.ts';
import type { Edit, Page, PageRequest } from './paging.ts';

export interface AlertFilter {
  readonly state?: AlertState;
  readonly kind?: AlertKind;
}

/** An alert with what became of it at each webhook, in the order of the webhooks' deliveries. */
export interface ListedAlert extends Alert {
  readonly deliveries: readonly Delivery[];
}

/** An attempt that this process is to make. */
export interface ClaimedDelivery {
  readonly delivery: Delivery;
  readonly alert: Alert;
  readonly webhook: Webhook;
}

/** How many deliveries of a webhook are still to be made, and were given up; each counted to a cap. */
export interface DeliveryCount {
  readonly pending: number;
  readonly failed: number;
}

/** What of a key calls for alerts. */
export interface BudgetedKey extends Pick<Key, 'id' | 'tierId' | 'name' | 'budgets'> {}

export interface QuarantinedKey extends Pick<Key, 'id' | 'tierId' | 'name' | 'stateReason'> {
  /** When, in ms; null where the row does not say. */
  readonly quarantinedAt: number | null;
}

export interface AlertStore {
  readonly createWebhook: (webhook: Webhook, event: AdminEvent) => Promise<void>;
  readonly getWebhook: (id: string) => Promise<Webhook | null>;
  /** Ordered by id (time of creation). */
  readonly listWebhooks: (page: PageRequest) => Promise<Page<Webhook>>;
  /** Leaves its health. Errors: `not-found`. */
  readonly editWebhook: (id: string, edit: (webhook: Webhook) => Edit<Webhook>) => Promise<Webhook>;
  /** What was to be sent to it goes with it. Errors: `not-found`. */
  readonly deleteWebhook: (id: string, check: (webhook: Webhook) => AdminEvent) => Promise<void>;
  /** Puts another sealed text in the place of this one; false when the webhook is gone or has another text. */
  readonly resealWebhook: (id: string, from: string, to: string) => Promise<boolean>;
  /**
   * Puts a finding on record, open, unless one of its occurrence is: false then. With it a delivery for each webhook that
   * wants its kind, due at once: both or neither, by however many processes and times it is told.
   */
  readonly raiseAlert: (id: string, finding: Finding) => Promise<boolean>;
  /** False when it is not open. `isRepeatable`: the same occurrence may be raised again. */
  readonly closeAlert: (id: string, isRepeatable: boolean) => Promise<boolean>;
  /** Newest first. */
  readonly listAlerts: (filter: AlertFilter, page: PageRequest) => Promise<Page<ListedAlert>>;
  /**
   * Begins attempts of up to `limit` pending deliveries whose time has come, those of `except` (webhooks) left aside: no
   * other process gets them within `leaseMs`, and any does afterwards unless {@link AlertStore.endAttempt} says more.
   */
  readonly claimDeliveries: (
    limit: number,
    leaseMs: number,
    except: readonly string[],
  ) => Promise<readonly ClaimedDelivery[]>;
  /** Says what came of the attempt of this number, and of its webhook's health; false when another has begun since. */
  readonly endAttempt: (id: string, attempts: number, end: AttemptEnd) => Promise<boolean>;
  /** By webhook, each counted to `cap`. */
  readonly countDeliveries: (
    webhookIds: readonly string[],
    cap: number,
  ) => Promise<ReadonlyMap<string, DeliveryCount>>;
  /**
   * Deletes alerts closed before `before` (ms) with their deliveries, and deliveries that ended before it, `limit` of each
   * at most; returns how many went.
   */
  readonly deleteExpiredAlerts: (before: number, limit: number) => Promise<number>;
  /** Takes or keeps a lease for so long; false while another holder has it. */
  readonly holdLease: (name: string, holder: string, forMs: number) => Promise<boolean>;
  /** Says that a process which has budgets in view is alive. */
  readonly noteWatcher: (id: string) => Promise<void>;
  /** Those that have not said so since `before` (ms), or are known to be gone; 1,000 at most. */
  readonly lostWatchers: (before: number) => Promise<readonly string[]>;
  /** Of these, only those that are as `lostWatchers` says: one that was taken for dead may have come back. */
  readonly forgetWatchers: (ids: readonly string[], before: number) => Promise<void>;
  /** Up to `limit` quarantined keys in the order of ids, from after `after` on (empty: from the first). */
  readonly listQuarantined: (after: string, limit: number) => Promise<readonly QuarantinedKey[]>;
  /** The keys whose budgets came to 80 % or 100 % by this process's doing since the last time; held in memory only. */
  readonly takeSpentKeys: () => readonly string[];
  /**
   * Looks at up to `limit` keys in the order of ids, from after `after` on (empty: from the first), and gives those with a
   * budget of which 80 % is used. `next`: where to go on; null at the end.
   */
  readonly findSpentKeys: (
    after: string,
    limit: number,
  ) => Promise<{ readonly keys: readonly BudgetedKey[]; readonly next: string | null }>;
}
