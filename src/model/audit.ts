/** Who did or asked for something: the root token, or a consumer by id and name. */
export type Actor =
  | { readonly kind: 'root' }
  | { readonly kind: 'consumer'; readonly id: string; readonly name: string };

/** The audit row of a draw. Append-only; time in ms, the store's moment of the take. */
export interface UsageEvent {
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
}

export interface FieldChange {
  readonly field: string;
  /** JSON text of the value before and after; null where there was none. Secrets appear as `"(changed)"`. */
  readonly before: string | null;
  readonly after: string | null;
}

export type ResourceType = 'tier' | 'key' | 'consumer' | 'grant';

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
