import type { Alert, AlertKind, AlertState, Finding } from '../model/alert.ts';
import type { AdminEvent, UsageEvent, UsageRecord } from '../model/audit.ts';
import type { Consumer, ConsumerLifecycle, Environment } from '../model/consumer.ts';
import type { CreditPool, OwnerCredits, PoolStanding } from '../model/credit.ts';
import type { Job } from '../model/job.ts';
import type { Key, KeyLifecycle } from '../model/key.ts';
import type { ScannedKey } from '../model/key-order.ts';
import type { OutcomeReport } from '../model/outcome-report.ts';
import type { QuotaGroup } from '../model/quota-group.ts';
import type { DrawQueue } from '../model/round.ts';
import type { SigningKey } from '../model/signing-key.ts';
import type { DeniedSubject, KeptToken } from '../model/subject.ts';
import type { Tier } from '../model/tier.ts';
import type { SummedSpans, UsageCell, UsageSubject, UsageSums } from '../model/usage-summary.ts';
import type { AttemptEnd, Delivery, Webhook } from '../model/webhook.ts';

/*
 * The port between the domain and a store. Every method is atomic and durable when its promise resolves (MongoDB:
 * majority and journal; SQLite: synced commit) and rejects with `StoreError` only, `unavailable` when the store is out
 * of reach. Callbacks given to a method are pure and may run more than once; what they throw aborts the method, leaves
 * nothing behind and reaches the caller as thrown. Times are ms since 1970, the store's.
 */

/** A draw that waits for a key. */
export interface DrawRequest {
  readonly feature: string;
  readonly units: number;
  /** The queues it may be served from: at least one. */
  readonly queues: readonly DrawQueue[];
  /** Empty for the root token. */
  readonly consumerId: string;
  readonly peerAddress: string;
  /** The id shown in the audit row. */
  readonly requestId: string;
  /** Set when the caller chose the request id: `key` names (caller, id), `fingerprint` the other fields. */
  readonly idempotency: { readonly key: string; readonly fingerprint: string } | null;
  /** Names (caller, affinity): draws of a feature with the same one get the same key while it can serve; null for any. */
  readonly affinity: string | null;
}

/** A key handed out: its audit row is durable. Value and secrets as sealed. */
export interface Drawn {
  readonly kind: 'drawn';
  /** `<take>.<serial>`: the id of its audit row. */
  readonly drawId: string;
  readonly at: number;
  readonly keyId: string;
  readonly keyName: string;
  readonly tierId: string;
  readonly value: string;
  readonly secrets: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly expireAt: number | null;
  /** Moment of the process's monotonic clock until which the value may leave; Infinity where no window binds. */
  readonly leaveBy: number;
  /** True for a retry of a draw whose value may have left before: its audit row is not to be withheld. */
  readonly replayed: boolean;
}

/**
 * What became of a draw. `exhausted`: every eligible key is at a limit until `nextAt`; `empty`: waiting does not help;
 * `again`: put it into the next round; `stale`: a row has seen a newer revision of that tier, reload and try again;
 * `reused`: its request id was used with other fields; `gone`: it is a retry whose key can no longer be handed out.
 */
export type DrawResult =
  | Drawn
  | { readonly kind: 'exhausted'; readonly nextAt: number }
  | { readonly kind: 'empty' }
  | { readonly kind: 'again' }
  | { readonly kind: 'stale'; readonly tierId: string }
  | { readonly kind: 'reused' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'unavailable' };

export interface Page<T> {
  readonly items: readonly T[];
  /** Opaque position after the last item; null at the end. */
  readonly next: string | null;
}

export interface PageRequest {
  /** A `next` of an earlier page with the same filter, or null for the first. Malformed: `StoreError` `not-found`. */
  readonly after: string | null;
  /** 1 to 1,000 items. */
  readonly limit: number;
}

export interface KeyFilter {
  readonly tierId?: string;
  readonly state?: KeyLifecycle;
  readonly groupId?: string;
}

export interface ConsumerFilter {
  readonly owner?: string;
  readonly environment?: Environment;
  readonly state?: ConsumerLifecycle;
  /** Those in this state are left out. */
  readonly exceptState?: ConsumerLifecycle;
}

/** `startAt` inclusive, `endAt` exclusive. */
export interface UsageFilter {
  readonly consumerId?: string;
  readonly keyId?: string;
  readonly feature?: string;
  readonly startAt?: number;
  readonly endAt?: number;
}

export interface AdminEventFilter {
  readonly resourceType?: string;
  readonly resourceId?: string;
  /** A consumer's id, or `root`. */
  readonly actor?: string;
  readonly startAt?: number;
  readonly endAt?: number;
}

/** Of which hours to sum up; `startAt` inclusive, `endAt` exclusive, each moved outward to a whole hour of UTC. */
export interface UsagePeriod {
  readonly startAt?: number;
  readonly endAt?: number;
}

/** The use of a subject in a period; `startAt` and `endAt` as moved, null where none was asked for. */
export interface UsageSummary extends UsageSums {
  readonly startAt: number | null;
  readonly endAt: number | null;
  /** What its events said of themselves, in no order; those that said nothing are left out. */
  readonly cells: readonly UsageCell[];
  /** True when some hour had more different cells than are kept: the rest is in the sums alone. */
  readonly isCapped: boolean;
}

/** Counted to `cap`; `capped` when there were more. `nextAt`: the earliest due moment when none is available. */
export interface Availability {
  readonly available: number;
  readonly total: number;
  readonly capped: boolean;
  readonly nextAt: number | null;
}

export interface StoreStatus {
  readonly kind: 'sqlite' | 'mongodb';
  readonly reachable: boolean;
  readonly schemaVersion: number;
  /** One plain line for people: file name or host list without credentials. */
  readonly detail: string;
  /** When the store's clock last jumped by more than a guard against the process's, and by how many ms. */
  readonly clockJump: { readonly at: number; readonly byMs: number } | null;
}

/** A row after an edit, with the audit of the edit; `event` null when nothing changed: then nothing is written. */
export interface Edit<T> {
  readonly row: T;
  readonly event: AdminEvent | null;
}

/**
 * What may be cached elsewhere and has changed; `all` when the store cannot tell. `freed`: keys of the tier may serve
 * before the moment that was told of them, as a report, an edit of a key or of its quota group, or new keys have let
 * them. Nothing is cached of that, so nobody is promised to hear of it: what waits for it looks again by itself.
 */
export type Change =
  | { readonly kind: 'tier'; readonly id: string }
  | { readonly kind: 'freed'; readonly tierId: string }
  | { readonly kind: 'consumer'; readonly id: string }
  | { readonly kind: 'subject'; readonly id: string }
  | { readonly kind: 'owner'; readonly id: string }
  | { readonly kind: 'all' };

export interface DrawStore {
  /**
   * Serves draws that arrived together: takes, audit rows and request records. Answers in the order of the draws. A
   * `drawn` answer means: all limits and budgets of the key held in one atomic update, its usage event is durable, and
   * its request record (if any) names it. No limit or budget is passed at any crash point by any number of processes.
   * Rejects only when nothing of the round is known to have been served. `chosen` is called, where the store can tell,
   * when its takes are made and it has only to be recorded: the next round then chooses among what is left.
   */
  readonly drawRound: (draws: readonly DrawRequest[], chosen?: () => void) => Promise<readonly DrawResult[]>;
  /** Rounds that may run at the same time. */
  readonly roundsMax: number;
  /**
   * Marks audit rows whose value did not leave; their units stay spent, their request records name no draw any more, and
   * they are in flight no longer.
   */
  readonly withhold: (drawIds: readonly string[]) => Promise<void>;
  /** Takes an active key out with a reason, unless its sealed value is not this one any more. Leaves its version. */
  readonly quarantineKey: (keyId: string, value: string, reason: string) => Promise<void>;
  /** Counted over all queues, each key once per queue, to `cap`. */
  readonly availability: (queues: readonly DrawQueue[], cap: number) => Promise<Availability>;
  /**
   * Settles open takes whose process is gone (their `end` and a grace have passed): voids missing audit rows, counts
   * real ones, puts the rest back into the same epochs. Repeating it, also half way, changes nothing more. Returns how
   * many were settled, `limit` at most.
   */
  readonly recoverOpenTakes: (limit: number) => Promise<number>;
}

/** One charge of an identity, against all of its pools or none. */
export interface Charge {
  /** 0 to 4, each with another id; none: nothing is counted, the event is written all the same. */
  readonly pools: readonly CreditPool[];
  /** 0 or more credits, from each of the pools. */
  readonly cost: number;
  /** What is put on record with a charge that is granted; null for nothing. */
  readonly event: UsageRecord | null;
  /** Set when the caller chose the request id: `key` names (caller, id), `fingerprint` the other fields. */
  readonly idempotency: { readonly key: string; readonly fingerprint: string } | null;
}

/** A charge that was decided. */
export interface Charged {
  readonly kind: 'charged';
  /** False: a pool had too little left, and nothing was charged. */
  readonly granted: boolean;
  /** The store's moment of it, in ms. */
  readonly at: number;
  /** Where each pool stands now, in the order of the charge's. */
  readonly pools: readonly PoolStanding[];
  /** True for a retry of a charge that was granted before: `at` and `pools` are of then. */
  readonly replayed: boolean;
}

/**
 * What became of a charge. `again`: put it into a later round; `reused`: its request id was used with other fields;
 * `unavailable`: it may have been charged or not, and nobody was told that it was.
 */
export type ChargeResult =
  | Charged
  | { readonly kind: 'again' }
  | { readonly kind: 'reused' }
  | { readonly kind: 'unavailable' };

export interface CreditStore {
  /**
   * Decides charges that arrived together, in their order; answers in the same. One that is granted was counted in all
   * its pools, and its usage event (if any) is durable, before it is answered; a refused one leaves nothing behind. In
   * no trailing window of a pool more than its limit is granted, at any crash point, by any number of processes; what a
   * crash leaves counted and unanswered leaves with its window. For 10 minutes a granted charge with a request id
   * stands for its retries. Rejects only when none of them is known to have been granted.
   */
  readonly chargeRound: (charges: readonly Charge[]) => Promise<readonly ChargeResult[]>;
  /** Rounds of charges that may run at the same time. */
  readonly chargeRoundsMax: number;
  /** Notes that this process is alive, and gives how many have said so in the last 15 s, at least 1. */
  readonly noteProcess: () => Promise<number>;
  /** Deletes `limit` pools at most that count nothing any more, and request ids that are over; returns how many. */
  readonly sweepCredits: (limit: number) => Promise<number>;
  readonly getOwnerCredits: (owner: string) => Promise<OwnerCredits | null>;
  /** Ordered by owner. */
  readonly listOwnerCredits: (page: PageRequest) => Promise<Page<OwnerCredits>>;
  /** `edit` gets null where the owner has none, and gives null for none. */
  readonly editOwnerCredits: (
    owner: string,
    edit: (row: OwnerCredits | null) => Edit<OwnerCredits | null>,
  ) => Promise<OwnerCredits | null>;
}

/**
 * What became of a report. `reported`: it stands on record, now or (`isNew` false) since an earlier call with the same
 * fields; `other`: there is a report of the draw with other fields, which stands; `unknown`: there is no such draw, or it
 * is another consumer's, or its audit row is no more; `unavailable`: it may stand on record or not.
 */
export type ReportResult =
  | { readonly kind: 'reported'; readonly isNew: boolean; readonly tierId: string; readonly feature: string }
  | { readonly kind: 'other' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unavailable' };

export interface OutcomeStore {
  /**
   * Puts reports on record that arrived together, and changes their keys by them (`applyReport`, and `settleInGroup` where
   * the key has a quota group); answers in their order. One that is `reported` is durable and changes its key and group
   * once, whatever crashes: at once, or (where the row could not be reached) by {@link OutcomeStore.applyReports}. A report
   * that changes nothing of a key costs no write on it. Rejects only when none of them is known to be on record.
   */
  readonly reportRound: (reports: readonly OutcomeReport[]) => Promise<readonly ReportResult[]>;
  /** Changes keys by reports on record that have not changed them yet, `limit` at most; returns how many it were. */
  readonly applyReports: (limit: number) => Promise<number>;
  /** Deletes reports of draws before `before` whose usage events are gone, `limit` at most; returns how many went. */
  readonly deleteExpiredReports: (before: number, limit: number) => Promise<number>;
}

export interface QuotaGroupStore {
  /** Errors: `exists`. */
  readonly createGroup: (group: QuotaGroup, event: AdminEvent) => Promise<void>;
  readonly getGroup: (id: string) => Promise<QuotaGroup | null>;
  /** Ordered by id. */
  readonly listGroups: (page: PageRequest) => Promise<Page<QuotaGroup>>;
  /** The edit sees the row between takes. Its keys are due at once, so that they try again. Errors: `not-found`. */
  readonly editGroup: (
    id: string,
    edit: (group: QuotaGroup, now: number) => Edit<QuotaGroup>,
  ) => Promise<QuotaGroup>;
  /** Errors: `not-found`, `not-empty` (it has keys). */
  readonly deleteGroup: (id: string, check: (group: QuotaGroup) => AdminEvent) => Promise<void>;
}

export interface TierStore {
  /** Errors: `exists`. */
  readonly createTier: (tier: Tier, event: AdminEvent) => Promise<void>;
  readonly getTier: (id: string) => Promise<Tier | null>;
  /** Ordered by id. */
  readonly listTiers: (page: PageRequest) => Promise<Page<Tier>>;
  /**
   * Errors: `not-found`. When the edit changes features or strategy, a job to place the tier's keys is written with it (an
   * unfinished one of the tier is replaced).
   */
  readonly editTier: (id: string, edit: (tier: Tier) => Edit<Tier>) => Promise<Tier>;
  /**
   * Errors: `not-found`, `not-empty` (it has keys). Grants to it go with it: the consumers that had one (told to
   * `check`, in the order of their ids) get a new `version` and `updatedAt`.
   */
  readonly deleteTier: (
    id: string,
    check: (tier: Tier, consumerIds: readonly string[]) => AdminEvent,
  ) => Promise<void>;
}

export interface KeyStore {
  /**
   * All or none. `build` gets the tier as it stands and a source of fresh ranks, and gives rows with their places.
   * Errors: `not-found` (tier), `no-group`, `exists` (a fingerprint is taken in the tier, or occurs twice).
   */
  readonly createKeys: (
    tierId: string,
    build: (
      tier: Tier,
      freshRank: () => number,
      now: number,
    ) => {
      readonly keys: readonly Key[];
      readonly events: readonly AdminEvent[];
    },
  ) => Promise<readonly Key[]>;
  readonly getKey: (id: string) => Promise<Key | null>;
  /** Ordered by id (time of creation). */
  readonly listKeys: (filter: KeyFilter, page: PageRequest) => Promise<Page<Key>>;
  /**
   * The edit sees the row between takes and gives its new places too. Errors: `not-found`, `no-group` (the one that it names
   * anew), `exists` (fingerprint).
   */
  readonly editKey: (id: string, edit: (key: Key, tier: Tier, now: number) => Edit<Key>) => Promise<Key>;
  /** Errors: `not-found`. Usage events stay. */
  readonly deleteKey: (id: string, check: (key: Key) => AdminEvent) => Promise<void>;
}

/** From where on keys are scanned. */
export interface ScanFrom {
  /** The id after which to go on; null: from the first. */
  readonly after: string | null;
  /** Backwards, from the last. */
  readonly descending: boolean;
  /** 1 to 1,000. */
  readonly limit: number;
}

/** Many keys at once: looked through, found by their values, moved. */
export interface KeyBulkStore {
  /** What there is of keys in the order of their ids (time of creation); fewer than `limit` at the end. */
  readonly scanKeys: (filter: KeyFilter, from: ScanFrom) => Promise<readonly ScannedKey[]>;
  /** The keys that `isUnwell` tells, in an order of the store's own. */
  readonly listUnwellKeys: (filter: KeyFilter, page: PageRequest) => Promise<Page<ScannedKey>>;
  /** Those there are of up to 1,000 ids, in no order. */
  readonly readKeys: (ids: readonly string[]) => Promise<readonly Key[]>;
  /** Which of up to 1,000 fingerprints keys of the tier have. */
  readonly takenFingerprints: (
    tierId: string,
    fingerprints: readonly string[],
  ) => Promise<ReadonlySet<string>>;
  /**
   * Puts a key into another tier between takes, with all that was counted and is under way. `move` gives its row there
   * with its places. Errors: `not-found` (key), `no-tier`, `exists` (its fingerprint is taken there).
   */
  readonly moveKey: (
    id: string,
    tierId: string,
    move: (key: Key, to: Tier, freshRank: number, now: number) => Edit<Key>,
  ) => Promise<Key>;
}

export interface ConsumerStore {
  readonly createConsumer: (consumer: Consumer, event: AdminEvent) => Promise<void>;
  readonly getConsumer: (id: string) => Promise<Consumer | null>;
  /** By SHA-256 of the token, lower-case hex: its own, or the one before while its grace period lasts. */
  readonly findConsumerByTokenHash: (tokenHash: string) => Promise<Consumer | null>;
  /** Ordered by id (time of creation). */
  readonly listConsumers: (filter: ConsumerFilter, page: PageRequest) => Promise<Page<Consumer>>;
  /** Errors: `not-found` (consumer, or a tier that `row.grantedTierIds` adds). */
  readonly editConsumer: (id: string, edit: (consumer: Consumer) => Edit<Consumer>) => Promise<Consumer>;
  /** Errors: `not-found`. */
  readonly deleteConsumer: (id: string, check: (consumer: Consumer) => AdminEvent) => Promise<void>;
  /** Moves `lastUsedAt` forward, never back; unknown ids are passed over. Not announced as a change. */
  readonly touchConsumers: (usedAt: ReadonlyMap<string, number>) => Promise<void>;
}

export interface AuditStore {
  /** Newest first. Shows each draw within 2 s. */
  readonly listUsageEvents: (filter: UsageFilter, page: PageRequest) => Promise<Page<UsageEvent>>;
  /** Newest first. */
  readonly listAdminEvents: (filter: AdminEventFilter, page: PageRequest) => Promise<Page<AdminEvent>>;
  /**
   * Puts verified and reported uses on record, at one moment. Those that are `once` and were recorded before are passed
   * over. Returns how many were not.
   */
  readonly recordUsage: (records: readonly UsageRecord[]) => Promise<number>;
  /**
   * Sums up the use of a subject from sums by the hour and the newest events. Every event that is listed counts once,
   * also after it was deleted; one that was stored long after its moment, when its hour is summed.
   */
  readonly summarizeUsage: (subject: UsageSubject, period: UsagePeriod) => Promise<UsageSummary>;
  /**
   * Brings sums forward by one step, where the store does not sum as it writes; true when there is more to do at once.
   * Any process may call it at any time: repeating a step, also one that was broken off, changes nothing.
   */
  readonly sumUsageStep: () => Promise<boolean>;
  /**
   * Deletes usage events before `before` that are summed, and request records and affinities that are over; `limit` rows at most, of
   * which one may hold all events of a take. Rows of open takes outlive it. Returns how many rows went.
   */
  readonly deleteExpired: (before: number, limit: number) => Promise<number>;
  /** Deletes sums of hours that ended by `before`, `limit` rows at most; returns how many went. */
  readonly deleteExpiredSums: (before: number, limit: number) => Promise<number>;
}

export interface IdentityStore {
  /** All there are, ordered by `signFrom`; private keys as sealed. */
  readonly listSigningKeys: () => Promise<readonly SigningKey[]>;
  /** Stores a key unless there is one that `follows` the same; false then. */
  readonly addSigningKey: (key: SigningKey) => Promise<boolean>;
  /** Puts another sealed text in the place of this one; false when the key is gone or has another text. */
  readonly resealSigningKey: (id: string, from: string, to: string) => Promise<boolean>;
  /** Deletes keys that signed until before `before` (ms). */
  readonly deleteSigningKeys: (before: number) => Promise<void>;
  /** Null when there is none, or its time is over. */
  readonly findKeptToken: (key: string) => Promise<KeptToken | null>;
  /** In the place of one with the same key. */
  readonly keepToken: (token: KeptToken) => Promise<void>;
  /** Deletes those whose time is over, `limit` at most; returns how many. */
  readonly deleteExpiredTokens: (limit: number) => Promise<number>;
  readonly findDenial: (subject: string) => Promise<DeniedSubject | null>;
  /** `edit` gets the denial as it stands, or null. Announced as a change of the subject. */
  readonly denySubject: (
    subject: string,
    edit: (denial: DeniedSubject | null) => Edit<DeniedSubject>,
  ) => Promise<DeniedSubject>;
  /** Errors: `not-found`. Announced as a change of the subject. */
  readonly allowSubject: (subject: string, check: (denial: DeniedSubject) => AdminEvent) => Promise<void>;
  /** Ordered by subject. */
  readonly listDeniedSubjects: (page: PageRequest) => Promise<Page<DeniedSubject>>;
}

/** What of a key is sealed, as stored. */
export interface SealedKey extends Pick<Key, 'id' | 'tierId' | 'value' | 'secrets'> {}

/** Whether the value or a secret of a key begins as asked for, and after which id to go on; null at the end. */
export interface SealedSearch {
  readonly isFound: boolean;
  readonly next: string | null;
}

export interface SealStore {
  /** Ordered by id. */
  readonly listSealedKeys: (page: PageRequest) => Promise<Page<SealedKey>>;
  /**
   * Puts other texts in the place of these where they still stand; leaves all else of a key, its version too, and is no
   * change of it. Draws go on. Returns how many keys it was.
   */
  readonly resealKeys: (
    changes: readonly { readonly from: SealedKey; readonly to: Pick<SealedKey, 'value' | 'secrets'> }[],
  ) => Promise<number>;
  /** Looks at up to `limit` keys in the order of ids, from after the id `after` on (empty: from the first). */
  readonly findSealed: (prefix: string, after: string, limit: number) => Promise<SealedSearch>;
  /** Puts another text in the place of this one of `keepMeta`; false when it is gone or another. */
  readonly resealMeta: (name: string, from: string, to: string) => Promise<boolean>;
  /** Deletes what `keepMeta` keeps, unless it is another text; false then. */
  readonly deleteMeta: (name: string, value: string) => Promise<boolean>;
  /** Puts on record what an admin does that no row shows. */
  readonly noteAdminEvent: (event: AdminEvent) => Promise<void>;
}

export interface MaintenanceStore {
  /** Unfinished jobs, and those finished in the last hour; newest first, at most 100. */
  readonly listJobs: () => Promise<readonly Job[]>;
  /**
   * Works on the next batch, up to `batch` keys, of the unfinished job that was worked on least recently; returns it, or
   * null when there is none.
   * Any process may call it at any time: batches commit whole, repeating one changes nothing.
   */
  readonly runJobStep: (batch: number) => Promise<Job | null>;
  /**
   * Takes expired keys out of their queues, and puts those back that the clock, when it was ahead, made out to be; looks at
   * `limit` keys at most and returns how many it looked at.
   */
  readonly parkExpiredKeys: (limit: number) => Promise<number>;
  /** Counted to `cap` each. */
  readonly poolSizes: (cap: number) => Promise<{ tiers: number; keys: number; consumers: number }>;
  /** Small named texts (canaries, the fingerprint key): stores `value` unless there is one; gives what is stored. */
  readonly keepMeta: (name: string, value: string) => Promise<string>;
  /** All whose name starts with `prefix`. */
  readonly listMeta: (prefix: string) => Promise<ReadonlyMap<string, string>>;
  readonly status: () => Promise<StoreStatus>;
  /** The store's time as best known in this process, in ms. */
  readonly now: () => number;
  /** Calls back on every change of this process at once, and of others as soon as it is known. Returns the undo. */
  readonly onChange: (listener: (change: Change) => void) => () => void;
  /**
   * How long ago, in ms of the monotonic clock, every change acknowledged until then had been told to all listeners; after
   * a gap `all` is told first. Infinity where that is not known.
   */
  readonly changeLagMs: () => number;
  /** Finishes what is under way and lets go of file and connections. */
  readonly close: () => Promise<void>;
}

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
