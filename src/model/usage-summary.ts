import type { Outcome, UsageEvent } from './audit.ts';

/** Whose use is summed up. */
export type UsageSubject =
  | { readonly kind: 'all' }
  | { readonly kind: 'consumer' | 'key' | 'feature'; readonly id: string };

/** What usage events come to. */
export interface UsageSums {
  /** Calls: draws, verifications, and recorded uses that name no verified call. */
  readonly requests: number;
  readonly draws: number;
  readonly verifications: number;
  readonly recorded: number;
  readonly units: number;
  /** Events that say that something went wrong. */
  readonly errors: number;
  /** The moment of the newest, in ms; null without any. */
  readonly lastAt: number | null;
}

/** What a verified or reported use says of itself. */
export interface UsageFacts {
  readonly resource: string | null;
  readonly endpoint: string | null;
  readonly statusCode: number | null;
  readonly outcome: Outcome | null;
}

/** Events that say the same of themselves. */
export interface UsageCell extends UsageFacts {
  readonly events: number;
  readonly units: number;
}

/** Different cells that are kept of one subject and hour; what comes on top counts in its sums alone. */
export const CELLS_PER_HOUR_MAX = 200;

/** How usage is summed up, in ms. */
export interface SummedSpans {
  /** Sums are kept of spans of this length, in whole ones since 1970 by UTC. */
  readonly hourMs: number;
  /** Where sums are made behind the events: so long a part of the newest ones is summed at once. */
  readonly sliceMs: number;
  /** How old events are at least when they are first summed. */
  readonly settleMs: number;
  /** How old an hour is when it is looked at for the last time for events that came late. */
  readonly recheckMs: number;
}

export const SUMMED_SPANS: SummedSpans = {
  hourMs: 3_600_000,
  sliceMs: 60_000,
  settleMs: 30_000,
  recheckMs: 6 * 3_600_000,
};

export const NO_USE: UsageSums = {
  requests: 0,
  draws: 0,
  verifications: 0,
  recorded: 0,
  units: 0,
  errors: 0,
  lastAt: null,
};

/** True when an outcome, or where none is given the status, says that it went wrong. */
export function isError({ outcome, statusCode }: Pick<UsageFacts, 'outcome' | 'statusCode'>): boolean {
  return outcome === null ? (statusCode ?? 0) >= 400 : outcome !== 'ok';
}

export function addSums(a: UsageSums, b: UsageSums): UsageSums {
  return {
    requests: a.requests + b.requests,
    draws: a.draws + b.draws,
    verifications: a.verifications + b.verifications,
    recorded: a.recorded + b.recorded,
    units: a.units + b.units,
    errors: a.errors + b.errors,
    lastAt: a.lastAt === null || b.lastAt === null ? (a.lastAt ?? b.lastAt) : Math.max(a.lastAt, b.lastAt),
  };
}

/** What one event comes to. */
export function sumsOfEvent(event: UsageEvent): UsageSums {
  const { kind, units, at } = event;
  const tellsOfAnother = kind === 'recorded' && event.requestId !== '';
  return {
    requests: tellsOfAnother ? 0 : 1,
    draws: kind === 'draw' ? 1 : 0,
    verifications: kind === 'verify' ? 1 : 0,
    recorded: kind === 'recorded' ? 1 : 0,
    units,
    errors: kind !== 'draw' && isError(event) ? 1 : 0,
    lastAt: at,
  };
}

function nameOf({ resource, endpoint, statusCode, outcome }: UsageFacts): string {
  return JSON.stringify([resource, endpoint, statusCode, outcome]);
}

/** Adds cells of the same facts into one each. */
export function mergeCells(cells: Iterable<UsageCell>): UsageCell[] {
  const merged = new Map<string, UsageCell>();
  for (const cell of cells) {
    const name = nameOf(cell);
    const { events = 0, units = 0 } = merged.get(name) ?? {};
    merged.set(name, { ...cell, events: events + cell.events, units: units + cell.units });
  }
  return [...merged.values()];
}
