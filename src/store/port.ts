import type { SummedSpans } from '../model/usage-summary.ts';
import type { AlertStore } from './port/alerts.ts';
import type { AuditStore } from './port/audit.ts';
import type { ConsumerStore } from './port/consumers.ts';
import type { CreditStore } from './port/credits.ts';
import type { DrawStore } from './port/draws.ts';
import type { IdentityStore } from './port/identity.ts';
import type { KeyBulkStore, KeyStore } from './port/keys.ts';
import type { MaintenanceStore } from './port/maintenance.ts';
import type { OutcomeStore } from './port/outcomes.ts';
import type { QuotaGroupStore } from './port/quota-groups.ts';
import type { SealStore } from './port/sealing.ts';
import type { TierStore } from './port/tiers.ts';

/*
 * The port between the domain and a store. Every method is atomic and durable when its promise resolves (MongoDB:
 * majority and journal; SQLite: synced commit) and rejects with `StoreError` only, `unavailable` when the store is out
 * of reach. Callbacks given to a method are pure and may run more than once; what they throw aborts the method, leaves
 * nothing behind and reaches the caller as thrown. Times are ms since 1970, the store's.
 */

export type * from './port/alerts.ts';
export type * from './port/audit.ts';
export type * from './port/consumers.ts';
export type * from './port/credits.ts';
export type * from './port/draws.ts';
export type * from './port/identity.ts';
export type * from './port/keys.ts';
export type * from './port/maintenance.ts';
export type * from './port/outcomes.ts';
export type * from './port/paging.ts';
export type * from './port/quota-groups.ts';
export type * from './port/sealing.ts';
export type * from './port/tiers.ts';

/** Everything the domain asks of a store; the conformance suite in `test/store` holds both adapters to it. */
export interface Store
  extends DrawStore,
    CreditStore,
    OutcomeStore,
    QuotaGroupStore,
    TierStore,
    KeyStore,
    KeyBulkStore,
    ConsumerStore,
    AuditStore,
    IdentityStore,
    SealStore,
    AlertStore,
    MaintenanceStore {}

/** What an adapter is opened with. */
export interface StoreOptions {
  readonly clock: { readonly nowMs: () => number; readonly monotonicMs: () => number };
  /** A fresh time-ordered unique id (UUID v7). */
  readonly newId: () => string;
  /** One plain sentence for the log, with the failure behind it if there is one. */
  readonly warn: (message: string, cause?: unknown) => void;
  /** How long after its take the audit rows of a take may be sent, in ms; 10,000 unless a test shortens it. */
  readonly openTakeMs?: number;
  /** How usage is summed up; `SUMMED_SPANS` unless a test shortens it. */
  readonly summedSpans?: SummedSpans;
}
