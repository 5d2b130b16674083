import type { Collection, Db } from 'mongodb';
import type { AdminEvent, Outcome, UsageRecord } from '../../model/audit.ts';
import type { Consumer } from '../../model/consumer.ts';
import type { OwnerCredits } from '../../model/credit.ts';
import type { Job } from '../../model/job.ts';
import type { SigningKey } from '../../model/signing-key.ts';
import type { DeniedSubject, KeptToken } from '../../model/subject.ts';
import type { Tier } from '../../model/tier.ts';
import type { TierPolicy } from '../../model/tier-policy.ts';
import type { AffinityDocument } from './affinities.ts';
import type {
  AlertDocument,
  DeliveryDocument,
  LeaseDocument,
  WatcherDocument,
  WebhookDocument,
} from './alert-documents.ts';
import type { ChargedRequestDocument } from './charged-requests.ts';
import type { CreditPoolDocument } from './credit-pipeline.ts';
import type { GroupDocument } from './group-document.ts';
import type { KeyDocument } from './key-document.ts';
import type { ReportDocument } from './report-document.ts';
import type { RowCountDocument, UsageMarksDocument, UsageSumDocument } from './usage-sum-documents.ts';

/** `touches` counts writes that only serialise with others on this row; it means nothing else. */
export interface TierDocument extends Omit<Tier, 'id' | 'policy'> {
  readonly _id: string;
  /** Since the third schema; what is not there is as in `PLAIN_POLICY`. */
  readonly policy?: Partial<TierPolicy>;
  readonly touches?: number;
}

/** What consumers have since the second schema. */
type LaterFields = 'creditLimits' | 'revocation' | 'previousToken';

export interface ConsumerDocument
  extends Omit<Consumer, 'id' | LaterFields>,
    Partial<Pick<Consumer, LaterFields>> {
  readonly _id: string;
}

export interface AdminEventDocument extends Omit<AdminEvent, 'id'> {
  readonly _id: string;
}

/** One draw of a take, in the order of `serial`: the number of its first unit in the take. */
export interface StoredDraw {
  readonly serial: number;
  readonly consumer: string;
  readonly request: string;
  readonly peer: string;
  /** The request record that names this draw, where there is one. */
  readonly record?: string;
}

/**
 * The audit of a take, `_id` its id: its draws, each of `units`, in one row, so that a round writes as many rows as it
 * takes keys and every index has one entry for all draws of a key. Durable before any of their values leaves.
 */
export interface DrawsDocument {
  readonly _id: string;
  readonly kind: 'draws';
  readonly at: number;
  readonly key: string;
  readonly tier: string;
  readonly feature: string;
  readonly units: number;
  readonly draws: readonly StoredDraw[];
  /** The quota group whose units they took too, where the key is in one, and the moment by which it counts them. */
  readonly group?: { readonly id: string; readonly at: number };
  /** Serials of draws whose value did not leave. */
  readonly withheld?: readonly number[];
}

/** Stands where a take's audit must never appear any more: its draws never were. */
export interface VoidDocument {
  readonly _id: string;
  readonly kind: 'void';
  readonly at: number;
}

/** A usage record in its row: what it has in common with a draw, which the indexes know, and its own. */
export interface StoredRecord extends StoredDraw, Pick<UsageRecord, 'id' | 'kind' | 'units'> {
  readonly resource?: string;
  readonly endpoint?: string;
  readonly status?: number;
  readonly outcome?: Outcome;
}

/** Usage records that were written together; of one that is `once`, its id is `_id`. Under `draws`, where the indexes look. */
export interface RecordsDocument {
  readonly _id: string;
  readonly kind: 'records';
  readonly at: number;
  readonly draws: readonly StoredRecord[];
}

export type UsageDocument = DrawsDocument | RecordsDocument | VoidDocument;

/**
 * Which draw a caller's request id stands for. `claim` is unique to the call that made the record; `draw` is null until
 * something was taken; `at`: the store's moment of the last take for it, or of the claim (ms).
 */
export interface RequestDocument {
  readonly _id: string;
  readonly fingerprint: string;
  readonly claim: string;
  readonly draw: string | null;
  readonly at: number;
  readonly expireAt: Date;
  /** A retry was handed the draw, or is about to be: it is not withheld any more. */
  readonly replayed?: true;
  /** The draw is being withheld: whoever finds it so finishes that, and draws anew. */
  readonly withheld?: true;
}

/** `_id` says that a tier has a key with this value, so that no other gets it. */
export interface FingerprintDocument {
  readonly _id: string;
  readonly key: string;
}

/** `features`: those whose parked keys are to try again. `doneAt` lets the row expire. */
export interface JobDocument extends Omit<Job, 'id'> {
  readonly _id: string;
  readonly features: readonly string[];
  readonly doneAt?: Date;
}

export interface MetaDocument {
  readonly _id: string;
  readonly value: string;
}

/** `_id`: the key that it follows. */
export interface SigningKeyDocument extends Omit<SigningKey, 'follows'> {
  readonly _id: string;
}

/** `_id`: salted hash of the token. */
export interface KeptTokenDocument extends Omit<KeptToken, 'key'> {
  readonly _id: string;
}

/** `_id`: the subject. */
export interface DeniedSubjectDocument extends Omit<DeniedSubject, 'subject'> {
  readonly _id: string;
}

/** `_id`: the owner. */
export interface OwnerCreditsDocument extends Omit<OwnerCredits, 'owner'> {
  readonly _id: string;
}

/** A process on this database that counts credits. */
export interface ProcessDocument {
  readonly _id: string;
  /** When it last said that it is alive, in ms. */
  readonly seenAt: number;
  readonly expireAt: Date;
}

/** `_id`: the tier. Another revision, which begins with the process, whenever keys of it may serve sooner than was told. */
export interface FreedTierDocument {
  readonly _id: string;
  readonly revision: string;
}

export interface SchemaDocument {
  readonly _id: 'schema';
  readonly version: number;
}

export interface Collections {
  readonly tiers: Collection<TierDocument>;
  readonly keys: Collection<KeyDocument>;
  readonly fingerprints: Collection<FingerprintDocument>;
  readonly consumers: Collection<ConsumerDocument>;
  readonly usage: Collection<UsageDocument>;
  readonly usageHours: Collection<UsageSumDocument | RowCountDocument>;
  readonly usageSlices: Collection<UsageSumDocument>;
  readonly usageMarks: Collection<UsageMarksDocument>;
  readonly adminEvents: Collection<AdminEventDocument>;
  readonly requests: Collection<RequestDocument>;
  readonly jobs: Collection<JobDocument>;
  readonly meta: Collection<MetaDocument>;
  readonly signingKeys: Collection<SigningKeyDocument>;
  readonly keptTokens: Collection<KeptTokenDocument>;
  readonly deniedSubjects: Collection<DeniedSubjectDocument>;
  readonly creditPools: Collection<CreditPoolDocument>;
  readonly chargedRequests: Collection<ChargedRequestDocument>;
  readonly ownerCredits: Collection<OwnerCreditsDocument>;
  readonly processes: Collection<ProcessDocument>;
  readonly groups: Collection<GroupDocument>;
  readonly reports: Collection<ReportDocument>;
  readonly affinities: Collection<AffinityDocument>;
  readonly webhooks: Collection<WebhookDocument>;
  readonly alerts: Collection<AlertDocument>;
  readonly deliveries: Collection<DeliveryDocument>;
  readonly leases: Collection<LeaseDocument>;
  readonly watchers: Collection<WatcherDocument>;
  readonly freedTiers: Collection<FreedTierDocument>;
  readonly schema: Collection<SchemaDocument>;
}

export function collectionsOf(db: Db): Collections {
  return {
    tiers: db.collection('tiers'),
    keys: db.collection('keys'),
    fingerprints: db.collection('fingerprints'),
    consumers: db.collection('consumers'),
    usage: db.collection('usage_events'),
    usageHours: db.collection('usage_hours'),
    usageSlices: db.collection('usage_slices'),
    usageMarks: db.collection('usage_marks'),
    adminEvents: db.collection('admin_events'),
    requests: db.collection('requests'),
    jobs: db.collection('jobs'),
    meta: db.collection('meta'),
    signingKeys: db.collection('signing_keys'),
    keptTokens: db.collection('kept_tokens'),
    deniedSubjects: db.collection('denied_subjects'),
    creditPools: db.collection('credit_pools'),
    chargedRequests: db.collection('charged_requests'),
    ownerCredits: db.collection('owner_credits'),
    processes: db.collection('processes'),
    groups: db.collection('quota_groups'),
    reports: db.collection('outcome_reports'),
    affinities: db.collection('affinities'),
    webhooks: db.collection('webhooks'),
    alerts: db.collection('alerts'),
    deliveries: db.collection('deliveries'),
    leases: db.collection('leases'),
    watchers: db.collection('watchers'),
    freedTiers: db.collection('freed_tiers'),
    schema: db.collection('schema'),
  };
}
