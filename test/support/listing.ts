import assert from 'node:assert/strict';
import type { DrawEvent, UsageEvent } from '../../src/model/audit.ts';
import type { Page, PageRequest, Store, UsageFilter } from '../../src/store/port.ts';
import { eventually } from './eventually.ts';

/** Follows a list to its end in pages of `limit`, none of which may be longer or, but for the last, shorter. */
export async function listAll<T>(list: (page: PageRequest) => Promise<Page<T>>, limit = 1000): Promise<T[]> {
  const all: T[] = [];
  let after: string | null = null;
  for (;;) {
    const page: Page<T> = await list({ after, limit });
    assert.ok(page.items.length <= limit);
    if (page.next !== null) assert.equal(page.items.length, limit);
    all.push(...page.items);
    if (page.next === null) return all;
    after = page.next;
  }
}

export function isDraw(event: UsageEvent): event is DrawEvent {
  return event.kind === 'draw';
}

/** All usage events of a filter, newest first. */
export function allUsageEvents(store: Store, filter: UsageFilter = {}): Promise<UsageEvent[]> {
  return listAll((page) => store.listUsageEvents(filter, page));
}

/** The usage events of draws, newest first. */
export async function usageEvents(store: Store, filter: UsageFilter = {}): Promise<DrawEvent[]> {
  return (await allUsageEvents(store, filter)).filter(isDraw);
}

/** The usage events of draws as soon as there are `count`: a list shows a draw within 2 s. */
export function usageEventsOnce(store: Store, count: number, filter: UsageFilter = {}): Promise<DrawEvent[]> {
  return eventually(
    `${count} usage events in the list`,
    async () => {
      const events = await usageEvents(store, filter);
      return events.length >= count ? events : null;
    },
    2000,
  );
}
