import type { OwnerCredits } from '../model/credit.ts';
import type { Described } from './field-changes.ts';

/** An owner's pool as the audit shows it; null where it has none. */
export function describeOwnerCredits(row: OwnerCredits | null): Described | null {
  return row === null ? null : { credits_per_minute: row.creditsPerMinute };
}
