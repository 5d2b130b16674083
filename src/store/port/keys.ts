import type { AdminEvent } from '../../model/audit.ts';
import type { Key, KeyLifecycle } from '../../model/key.ts';
import type { ScannedKey } from '../../model/key-order.ts';
import type { Tier } from '../../model/tier.ts';
import type { Edit, Page, PageRequest } from './paging.ts';

export interface KeyFilter {
  readonly tierId?: string;
  readonly state?: KeyLifecycle;
  readonly groupId?: string;
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
