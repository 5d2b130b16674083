import type { DrawQueue } from '../../model/round.ts';

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

/** Counted to `cap`; `capped` when there were more. `nextAt`: the earliest due moment when none is available. */
export interface Availability {
  readonly available: number;
  readonly total: number;
  readonly capped: boolean;
  readonly nextAt: number | null;
}

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
