import type { AdminEvent } from '../../model/audit.ts';

export interface Page<T> {
  readonly items: readonly T[];
  /** Opaque position after the last item; null at the end. */
  readonly next: string | null;
}

export interface PageRequest {
  /** A `next` of an earlier page with the same filter, or null for the first. Malformed: `StoreError` `not-found`. */
  readonly after: string | null;
  /** 1 to 1,000 items. */
  readonly limit: number;
}

/** A row after an edit, with the audit of the edit; `event` null when nothing changed: then nothing is written. */
export interface Edit<T> {
  readonly row: T;
  readonly event: AdminEvent | null;
}
