import type { UsageRecord } from '../../model/audit.ts';
import type { CreditPool, OwnerCredits, PoolStanding } from '../../model/credit.ts';
import type { Edit, Page, PageRequest } from './paging.ts';

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
  /** The store's moment of it, in ms; of one that was granted within half a guard of those at which its pools counted it. */
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
