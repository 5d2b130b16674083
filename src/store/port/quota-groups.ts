import type { AdminEvent } from '../../model/audit.ts';
import type { QuotaGroup } from '../../model/quota-group.ts';
import type { Edit, Page, PageRequest } from './paging.ts';

export interface QuotaGroupStore {
  /** Errors: `exists`. */
  readonly createGroup: (group: QuotaGroup, event: AdminEvent) => Promise<void>;
  readonly getGroup: (id: string) => Promise<QuotaGroup | null>;
  /** Ordered by id. */
  readonly listGroups: (page: PageRequest) => Promise<Page<QuotaGroup>>;
  /** The edit sees the row between takes. Its keys are due at once, so that they try again. Errors: `not-found`. */
  readonly editGroup: (
    id: string,
    edit: (group: QuotaGroup, now: number) => Edit<QuotaGroup>,
  ) => Promise<QuotaGroup>;
  /** Errors: `not-found`, `not-empty` (it has keys). */
  readonly deleteGroup: (id: string, check: (group: QuotaGroup) => AdminEvent) => Promise<void>;
}
