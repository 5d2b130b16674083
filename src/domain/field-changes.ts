import type { FieldChange } from '../model/audit.ts';

/** What the audit shows of a thing: each field by its name in the contract, its value as in JSON; no secret. */
export type Described = Readonly<Record<string, unknown>>;

/** Stands where a secret was or is. */
export const SECRET_CHANGED = '(changed)';

const EMPTY = new Set(['null', '""', '[]', '{}']);

function jsonText(value: unknown): string | null {
  const text = JSON.stringify(value ?? null);
  return EMPTY.has(text) ? null : text;
}

/** The fields that differ, in the order of their description; null stands for a thing that is not (yet) there. */
export function changesBetween(before: Described | null, after: Described | null): readonly FieldChange[] {
  const changes: FieldChange[] = [];
  for (const field of Object.keys(after ?? before ?? {})) {
    const change = { field, before: jsonText(before?.[field]), after: jsonText(after?.[field]) };
    if (change.before !== change.after) changes.push(change);
  }
  return changes;
}

/** A moment (ms) as proto3 JSON writes a Timestamp (RFC 3339); null when there is none. */
export function timeText(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** A span of ms as proto3 JSON writes a Duration: `60s`, `0.250s`. */
export function durationText(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${(ms / 1000).toFixed(3)}s`;
}

/** An enum value as proto3 JSON writes it: `KEY_STATE_ACTIVE`. */
export function enumText(prefix: string, value: string): string {
  return `${prefix}_${value.toUpperCase()}`;
}

/** A map in the order of its names, so that the same entries are the same text. */
export function sortedMap(map: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}
