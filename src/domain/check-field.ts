import { hasControlCharacter } from '../model/control-character.ts';
import { type FieldViolation, KeypoolError } from './errors.ts';

/** What is wrong with a request, gathered field by field. */
export type Violations = FieldViolation[];

/** Refuses a request with all that is wrong with it. Error: INVALID_FIELD. */
export function refuseIfAny(violations: readonly FieldViolation[]): void {
  const first = violations[0];
  if (first === undefined) return;
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : '';
  throw new KeypoolError('INVALID_FIELD', `${first.field}: ${first.description}${more}`, { violations });
}

/** Notes a violation when a rule does not hold. */
export function must(holds: boolean, into: Violations, field: string, description: string): void {
  if (!holds) into.push({ field, description });
}

/** Length in characters as the contract counts them (Unicode code points). */
export function textLength(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

export function checkLength(text: string, max: number, into: Violations, field: string): void {
  must(textLength(text) <= max, into, field, `must have at most ${max} characters`);
}

/** One line for people: bounded, without control characters. */
export function checkLine(text: string, max: number, into: Violations, field: string): void {
  checkLength(text, max, into, field);
  must(!hasControlCharacter(text), into, field, 'must not contain control characters');
}

export function checkInteger(value: number, min: number, max: number, into: Violations, field: string): void {
  const holds = Number.isSafeInteger(value) && value >= min && value <= max;
  must(holds, into, field, `must be a whole number between ${min} and ${max}`);
}

/** The end of the year 9999, the last moment a Timestamp can tell. */
const MOMENT_MAX_MS = 253_402_300_799_999;

/** A moment (ms) from 1970 to the end of 9999, or null for never. */
export function checkMoment(at: number | null, into: Violations, field: string): void {
  const holds = at === null || (Number.isFinite(at) && at >= 0 && at <= MOMENT_MAX_MS);
  must(holds, into, field, 'must lie between 1970 and the end of 9999');
}

/** Reports each item whose `nameOf` occurred before, at its own path. */
export function checkDistinct<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  into: Violations,
  path: (index: number) => string,
  description: string,
): void {
  const seen = new Set<string>();
  for (const [i, item] of items.entries()) {
    const name = nameOf(item);
    must(!seen.has(name), into, path(i), description);
    seen.add(name);
  }
}
