/** Who did or asked for something: the root token, or a consumer by id and name. */
export type Actor =
  | { readonly kind: 'root' }
  | { readonly kind: 'consumer'; readonly id: string; readonly name: string };

/** The audit row of a draw. Append-only; time in ms, the store's moment of the take. */
export interface DrawEvent {
  /** `<take>.<serial>`, the draw's id. */
  readonly id: string;
  readonly kind: 'draw';
  readonly at: number;
  /** Empty for the root token. */
  readonly consumerId: string;
  readonly keyId: string;
  readonly tierId: string;
  readonly feature: string;
  readonly units: number;
  readonly requestId: string;
  readonly peerAddress: string;
  /** True when the value never left: its audit was durable too late. The units are spent. */
  readonly withheld: boolean;
  /** What its caller said of how it went; null while nobody did. A row of its own, joined when the event is read. */
  readonly report: DrawReport | null;
}

/** What a listed draw shows of its report. */
export interface DrawReport {
  readonly outcome: Outcome;
  /** Of HTTP, 100 to 599; null when not said. */
  readonly statusCode: number | null;
  /** Units really used, 0 or more; null when not said: as many as were drawn. */
  readonly units: number | null;
  /** The store's moment of the report, in ms. */
  readonly at: number;
  /** What the upstream said; null for nothing. */
  readonly message: string | null;
}

/** How a call ended for who made it. */
export type Outcome =
  | 'ok'
  | 'rate_limited'
  | 'quota_exceeded'
  | 'unauthorized'
  | 'forbidden'
  | 'upstream_error'
  | 'timeout'
  | 'invalid_request';

/**
 * A use of a client that is no draw, before it is stored: a token that was verified for a backend, or what a backend
 * reported itself. The store adds its moment.
 */
export interface UsageRecord {
  /** Unique: fresh, or where `once` made from what the caller chose. At most 64 characters. */
  readonly id: string;
  /** True when the record may be sent again under its id: the first one is kept, also where it says something else. */
  readonly once: boolean;
  readonly kind: 'verify' | 'recorded';
  /** A consumer's id, or `subject:` and the subject of another issuer's token. */
  readonly consumerId: string;
  /** Credits charged, or units as reported; 0 or more. */
  readonly units: number;
  /** What was called, at most 200 characters; null when not said. So `endpoint`, the route that served it. */
  readonly resource: string | null;
  readonly endpoint: string | null;
  /** Of HTTP, 100 to 599; null when not said. */
  readonly statusCode: number | null;
  /** Null when not said. */
  readonly outcome: Outcome | null;
  readonly requestId: string;
  readonly peerAddress: string;
}

/** A usage record as stored; `at`: the store's moment in ms. */
export interface RecordEvent extends Omit<UsageRecord, 'once'> {
  readonly at: number;
}

/** What was used: append-only. */
export type UsageEvent = DrawEvent | RecordEvent;

export interface FieldChange {
  readonly field: string;
  /** JSON text of the value before and after; null where there was none. Secrets appear as `"(changed)"`. */
  readonly before: string | null;
  readonly after: string | null;
}

export type ResourceType =
  | 'tier'
  | 'key'
  | 'consumer'
  | 'grant'
  | 'sealing_key'
  | 'signing_key'
  | 'subject'
  | 'owner_credits'
  | 'quota_group'
  | 'webhook';

/** The audit row of a change made by an admin. Append-only; never holds a secret. */
export interface AdminEvent {
  /** A time-ordered unique id (UUID v7). */
  readonly id: string;
  readonly at: number;
  readonly actor: Actor;
  /** The RPC's name, such as `UpdateTier`. */
  readonly action: string;
  readonly resourceType: ResourceType;
  readonly resourceId: string;
  readonly changes: readonly FieldChange[];
  readonly requestId: string;
  readonly peerAddress: string;
}
