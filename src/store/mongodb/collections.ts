import type { Collection, Db } from 'mongodb';
import type { AdminEvent } from '../../model/audit.ts';
import type { Consumer } from '../../model/consumer.ts';
import type { Job } from '../../model/job.ts';
import type { Tier } from '../../model/tier.ts';
import type { KeyDocument } from './key-document.ts';

/** `touches` counts writes that only serialise with others on this row; it means nothing else. */
export interface TierDocument extends Omit<Tier, 'id'> {
  readonly _id: string;
  readonly touches?: number;
}

export interface ConsumerDocument extends Omit<Consumer, 'id'> {
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
  /** Serials of draws whose value did not leave. */
  readonly withheld?: readonly number[];
}

/** Stands where a take's audit must never appear any more: its draws never were. */
export interface VoidDocument {
  readonly _id: string;
  readonly kind: 'void';
  readonly at: number;
}

export type UsageDocument = DrawsDocument | VoidDocument;

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
  readonly adminEvents: Collection<AdminEventDocument>;
  readonly requests: Collection<RequestDocument>;
  readonly jobs: Collection<JobDocument>;
  readonly meta: Collection<MetaDocument>;
  readonly schema: Collection<SchemaDocument>;
}

export function collectionsOf(db: Db): Collections {
  return {
    tiers: db.collection('tiers'),
    keys: db.collection('keys'),
    fingerprints: db.collection('fingerprints'),
    consumers: db.collection('consumers'),
    usage: db.collection('usage_events'),
    adminEvents: db.collection('admin_events'),
    requests: db.collection('requests'),
    jobs: db.collection('jobs'),
    meta: db.collection('meta'),
    schema: db.collection('schema'),
  };
}
