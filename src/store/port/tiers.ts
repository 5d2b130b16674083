import type { AdminEvent } from '../../model/audit.ts';
import type { Tier } from '../../model/tier.ts';
import type { Edit, Page, PageRequest } from './paging.ts';

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
