import type { AdminEvent } from '../../model/audit.ts';
import type { Key } from '../../model/key.ts';
import type { Page, PageRequest } from './paging.ts';

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
