import type { Took } from './take.ts';
import type { Limit, QueueName } from './tier.ts';
import type { Strategy, TierPolicy } from './tier-policy.ts';

/** One tier's queue that a draw may use, with the limits that bind there. */
export interface DrawQueue {
  readonly tierId: string;
  readonly queue: QueueName;
  readonly limits: readonly Limit[];
  readonly policy: TierPolicy;
  readonly revision: number;
}

/** Draws that may be served by the same keys: same feature, units, queues and affinity. `size` of them wait. */
export interface DrawGroup {
  readonly feature: string;
  readonly units: number;
  readonly queues: readonly DrawQueue[];
  /** Draws with the same one go to one key while that can serve; null for any key. */
  readonly affinity: string | null;
  readonly size: number;
}

/** What of a queue's keys a read tells. */
interface QueueView {
  readonly tierId: string;
  readonly queue: QueueName;
  readonly feature: string;
  readonly limits: readonly Limit[];
  readonly strategy: Strategy;
}

/** A page of one queue, by rank (`ready`) or by due moment (`due`), from `from` (inclusive) upwards. */
export interface QueueRead extends QueueView {
  readonly place: 'ready' | 'due';
  readonly from: number;
  readonly limit: number;
  /** True where a guess from an earlier read will not do: the order of keys matters, or what one queue lacks. */
  readonly isExact: boolean;
}

/** One key of a queue, by its id. */
export interface KeyFind extends QueueView {
  readonly keyId: string;
}

/** A key as it stood in a queue when it was read. */
export interface Candidate {
  readonly keyId: string;
  /** Its rank, or its due moment. */
  readonly position: number;
  /**
   * Its rank when it was last served there (its fresh rank when never drawn). In a queue that is filled in order always
   * its fresh rank; where it goes by what remains, the rank for what remains now.
   */
  readonly lastRank: number;
  /** How many draws it gets for one of a key of weight 1; 1 where the queue is not weighted. */
  readonly weight: number;
  /** Its place among keys that stand alike, from 0 to 1: processes that share a queue have each its own order of them. */
  readonly preference: number;
  /** True while another round of this process has a take on it under way. */
  readonly busy: boolean;
}

/** A take that a round asks for. */
export interface RoundTake {
  readonly group: number;
  readonly keyId: string;
  readonly source: DrawQueue;
  readonly count: number;
  readonly rank: number;
}

/** The key to which the draws of an affinity go. */
export interface AffinityHome {
  readonly tierId: string;
  readonly keyId: string;
}

/** Moves an affinity to a key, unless others have moved it from `from` meanwhile. */
export interface AffinityClaim {
  readonly affinity: string;
  /** The key that it went to when it was looked up; null: none. */
  readonly from: string | null;
  readonly to: AffinityHome;
}

/** A key as it stands in one queue. */
export interface FoundKey {
  readonly place: 'ready' | 'due';
  readonly candidate: Candidate;
}

export type RoundStep =
  | { readonly kind: 'read'; readonly reads: readonly QueueRead[] }
  | { readonly kind: 'take'; readonly takes: readonly RoundTake[] }
  | { readonly kind: 'recall'; readonly affinities: readonly string[] }
  | { readonly kind: 'find'; readonly keys: readonly KeyFind[] }
  | { readonly kind: 'claim'; readonly claims: readonly AffinityClaim[] };

/**
 * What a step gives back, in its order: pages for `read`; answers for `take` (null: the key is gone, or what became of
 * the take is not known); for `recall` the keys that affinities go to; for `find` keys where they stand (null: in
 * neither place); for `claim` the keys that affinities go to from now on, whoever moved them.
 */
export type RoundReply =
  | { readonly kind: 'read'; readonly now: number; readonly pages: readonly (readonly Candidate[])[] }
  | { readonly kind: 'take'; readonly replies: readonly (Took | null)[] }
  | { readonly kind: 'recall'; readonly homes: readonly (AffinityHome | null)[] }
  | { readonly kind: 'find'; readonly now: number; readonly found: readonly (FoundKey | null)[] }
  | { readonly kind: 'claim'; readonly homes: readonly (AffinityHome | null)[] };

/** Granted draws of a group, in the order of its draws. */
export interface Grant {
  readonly group: number;
  readonly keyId: string;
  readonly source: DrawQueue;
  readonly took: Took;
  /** How many of the group's waiting draws it serves. */
  readonly draws: number;
}

/** Why the rest of a group was not served. `again`: keys are in use, or the search is not over: try the next round. */
export type Shortage =
  | { readonly kind: 'none' }
  | { readonly kind: 'exhausted'; readonly nextAt: number }
  | { readonly kind: 'empty' }
  | { readonly kind: 'again' }
  | { readonly kind: 'stale'; readonly tierId: string };

export interface RoundResult {
  readonly grants: readonly Grant[];
  /** One per group. */
  readonly shortages: readonly Shortage[];
}
