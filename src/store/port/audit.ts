import type { AdminEvent, UsageEvent, UsageRecord } from '../../model/audit.ts';
import type { UsageCell, UsageSubject, UsageSums } from '../../model/usage-summary.ts';
import type { Page, PageRequest } from './paging.ts';

/** `startAt` inclusive, `endAt` exclusive. */
export interface UsageFilter {
  readonly consumerId?: string;
  readonly keyId?: string;
  readonly feature?: string;
  readonly startAt?: number;
  readonly endAt?: number;
}

export interface AdminEventFilter {
  readonly resourceType?: string;
  readonly resourceId?: string;
  /** A consumer's id, or `root`. */
  readonly actor?: string;
  readonly startAt?: number;
  readonly endAt?: number;
}

/** Of which hours to sum up; `startAt` inclusive, `endAt` exclusive, each moved outward to a whole hour of UTC. */
export interface UsagePeriod {
  readonly startAt?: number;
  readonly endAt?: number;
}

/** The use of a subject in a period; `startAt` and `endAt` as moved, null where none was asked for. */
export interface UsageSummary extends UsageSums {
  readonly startAt: number | null;
  readonly endAt: number | null;
  /** What its events said of themselves, in no order; those that said nothing are left out. */
  readonly cells: readonly UsageCell[];
  /** True when some hour had more different cells than are kept: the rest is in the sums alone. */
  readonly isCapped: boolean;
}

export interface AuditStore {
  /** Newest first. Shows each draw within 2 s. */
  readonly listUsageEvents: (filter: UsageFilter, page: PageRequest) => Promise<Page<UsageEvent>>;
  /** Newest first. */
  readonly listAdminEvents: (filter: AdminEventFilter, page: PageRequest) => Promise<Page<AdminEvent>>;
  /**
   * Puts verified and reported uses on record, at one moment. Those that are `once` and were recorded before are passed
   * over. Returns how many were not.
   */
  readonly recordUsage: (records: readonly UsageRecord[]) => Promise<number>;
  /**
   * Sums up the use of a subject from sums by the hour and the newest events. Every event that is listed counts once,
   * also after it was deleted; one that was stored long after its moment, when its hour is summed.
   */
  readonly summarizeUsage: (subject: UsageSubject, period: UsagePeriod) => Promise<UsageSummary>;
  /**
   * Brings sums forward by one step, where the store does not sum as it writes; true when there is more to do at once.
   * Any process may call it at any time: repeating a step, also one that was broken off, changes nothing.
   */
  readonly sumUsageStep: () => Promise<boolean>;
  /**
   * Deletes usage events before `before` that are summed, and request records and affinities that are over; `limit` rows at most, of
   * which one may hold all events of a take. Rows of open takes outlive it. Returns how many rows went.
   */
  readonly deleteExpired: (before: number, limit: number) => Promise<number>;
  /** Deletes sums of hours that ended by `before`, `limit` rows at most; returns how many went. */
  readonly deleteExpiredSums: (before: number, limit: number) => Promise<number>;
}
