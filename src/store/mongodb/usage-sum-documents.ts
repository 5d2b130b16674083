import type { UsageCell, UsageSums } from '../../model/usage-summary.ts';

/**
 * Whose sums a document is of. Of all features and, as axis `records`, of what is no draw are the sums of all there is;
 * `rows` counts the audit rows of an hour, so that late ones are noticed.
 */
export type SumAxis = 'feature' | 'records' | 'consumer' | 'key' | 'rows';

/** The sums of a subject over the span that begins at `at` (ms): an hour, or a slice of one that is not over. */
export interface UsageSumDocument extends UsageSums {
  /** See {@link sumIdOf}. */
  readonly _id: string;
  readonly axis: Exclude<SumAxis, 'rows'>;
  /** Empty for the axis `records`. */
  readonly subject: string;
  readonly at: number;
  /** How many events are in it. Events are only ever added, so of two documents the one with more knows all of both. */
  readonly events: number;
  readonly cells: readonly UsageCell[];
  readonly capped: boolean;
}

/** How many audit rows an hour had before its sums were made. */
export interface RowCountDocument {
  readonly _id: string;
  readonly axis: 'rows';
  readonly at: number;
  readonly rows: number;
}

/**
 * How far sums are: everything before `hours` is in hours, before `slices` in slices too, and before `checked` nothing is
 * awaited any more. `worker` makes them until `until`. All in ms; spans begin at whole ones.
 */
export interface UsageMarksDocument {
  readonly _id: 'usage';
  readonly hours: number;
  readonly slices: number;
  readonly checked: number;
  readonly worker: string;
  readonly until: number;
}

/** Digits of a moment in an id, so that ids sort by it. */
const AT_DIGITS = 15;

/** The end of an id: of the span that begins at `at` (ms). */
export function sumIdEnd(at: number): string {
  return `|${String(at).padStart(AT_DIGITS, '0')}`;
}

/** `<axis>|<subject>|<at>`: those of a subject follow one another in time. */
export function sumIdOf(axis: SumAxis, subject: string, at: number): string {
  return `${axis}|${subject}${sumIdEnd(at)}`;
}
