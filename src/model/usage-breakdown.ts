import type { Outcome } from './audit.ts';
import { isError, type UsageCell } from './usage-summary.ts';

/** Events that name the same thing. */
export interface NamedUse {
  readonly name: string;
  readonly events: number;
  readonly units: number;
  readonly errors: number;
}

/** What events say of themselves, one thing at a time. */
export interface UsageBreakdown {
  /** The most frequent first, {@link NAMED_MAX} at most; so `resources`. */
  readonly endpoints: readonly NamedUse[];
  readonly resources: readonly NamedUse[];
  /** By HTTP status, ascending. */
  readonly statusCodes: readonly { readonly statusCode: number; readonly events: number }[];
  readonly outcomes: ReadonlyMap<Outcome, number>;
  /** True when some endpoints or resources were left out. */
  readonly isCut: boolean;
}

export const NAMED_MAX = 100;

function byName(cells: readonly UsageCell[], field: 'endpoint' | 'resource'): readonly NamedUse[] {
  const uses = new Map<string, NamedUse>();
  for (const cell of cells) {
    const name = cell[field];
    if (name === null) continue;
    const { events = 0, units = 0, errors = 0 } = uses.get(name) ?? {};
    uses.set(name, {
      name,
      events: events + cell.events,
      units: units + cell.units,
      errors: errors + (isError(cell) ? cell.events : 0),
    });
  }
  return [...uses.values()].sort((a, b) => b.events - a.events || (a.name < b.name ? -1 : 1));
}

function countBy<T>(cells: readonly UsageCell[], field: (cell: UsageCell) => T | null): Map<T, number> {
  const counts = new Map<T, number>();
  for (const cell of cells) {
    const value = field(cell);
    if (value !== null) counts.set(value, (counts.get(value) ?? 0) + cell.events);
  }
  return counts;
}

export function breakDown(cells: readonly UsageCell[]): UsageBreakdown {
  const endpoints = byName(cells, 'endpoint');
  const resources = byName(cells, 'resource');
  const statusCodes = [...countBy(cells, ({ statusCode }) => statusCode)]
    .map(([statusCode, events]) => ({ statusCode, events }))
    .sort((a, b) => a.statusCode - b.statusCode);
  return {
    endpoints: endpoints.slice(0, NAMED_MAX),
    resources: resources.slice(0, NAMED_MAX),
    statusCodes,
    outcomes: countBy(cells, ({ outcome }) => outcome),
    isCut: endpoints.length > NAMED_MAX || resources.length > NAMED_MAX,
  };
}
