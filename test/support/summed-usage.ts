import { v7 as uuid } from 'uuid';
import type { UsageEvent, UsageRecord } from '../../src/model/audit.ts';
import {
  addSums,
  mergeCells,
  NO_USE,
  type SummedSpans,
  sumsOfEvent,
  type UsageCell,
  type UsageSubject,
} from '../../src/model/usage-summary.ts';
import type { Store, UsageSummary } from '../../src/store/port.ts';
import type { OpenedStore } from './store-harness.ts';

/** Hours that are over soon, with slices in them. */
export const SHORT_SPANS: SummedSpans = { hourMs: 400, sliceMs: 100, settleMs: 50, recheckMs: 400 };

/** Hours that no test outlives, so that everything is of one. */
export const LONG_SPANS: SummedSpans = {
  hourMs: 86_400_000_000,
  sliceMs: 86_400_000_000,
  settleMs: 50,
  recheckMs: 50,
};

/** A use that a backend reported. */
export function recordOf(parts: Partial<UsageRecord> = {}): UsageRecord {
  return {
    id: uuid(),
    once: false,
    kind: 'recorded',
    consumerId: 'c-1',
    units: 1,
    resource: null,
    endpoint: null,
    statusCode: null,
    outcome: null,
    requestId: '',
    peerAddress: '',
    ...parts,
  };
}

/** Makes all sums that can be made now; returns in how many steps. */
export async function sumNow(store: Store): Promise<number> {
  let steps = 0;
  while (await store.sumUsageStep()) steps += 1;
  return steps;
}

/** Waits until no event before `moment` is looked for any more, and sums up. */
export async function sumBefore({ store, waitUntil }: OpenedStore, moment: number): Promise<void> {
  await waitUntil(store, moment + SHORT_SPANS.recheckMs + 2 * SHORT_SPANS.hourMs);
  await sumNow(store);
}

function isOf(event: UsageEvent, subject: UsageSubject): boolean {
  switch (subject.kind) {
    case 'all':
      return true;
    case 'consumer':
      return event.consumerId === subject.id;
    case 'key':
      return event.kind === 'draw' && event.keyId === subject.id;
    case 'feature':
      return event.kind === 'draw' && event.feature === subject.id;
  }
}

function cellsOf(event: UsageEvent): UsageCell[] {
  if (event.kind === 'draw') return [];
  const { resource, endpoint, statusCode, outcome, units } = event;
  if ((resource ?? endpoint ?? statusCode ?? outcome) === null) return [];
  return [{ resource, endpoint, statusCode, outcome, events: 1, units }];
}

function inOrder(cells: readonly UsageCell[]): UsageCell[] {
  return cells.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
}

/** What a summary must say: a plain count over all events in the period that it names. */
export function plainCount(
  events: readonly UsageEvent[],
  subject: UsageSubject,
  { startAt, endAt }: Pick<UsageSummary, 'startAt' | 'endAt'>,
): UsageSummary {
  const counted = events.filter(
    (event) => isOf(event, subject) && event.at >= (startAt ?? 0) && event.at < (endAt ?? Infinity),
  );
  return {
    startAt,
    endAt,
    ...counted.map(sumsOfEvent).reduce(addSums, NO_USE),
    cells: inOrder(mergeCells(counted.flatMap(cellsOf))),
    isCapped: false,
  };
}

/** A summary with its cells in an order that can be compared. */
export async function summaryOf(
  store: Store,
  subject: UsageSubject,
  period: { readonly startAt?: number; readonly endAt?: number } = {},
): Promise<UsageSummary> {
  const summary = await store.summarizeUsage(subject, period);
  return { ...summary, cells: inOrder(summary.cells.map(plain)) };
}

/** In the order of fields that {@link plainCount} writes. */
function plain({ resource, endpoint, statusCode, outcome, events, units }: UsageCell): UsageCell {
  return { resource, endpoint, statusCode, outcome, events, units };
}
