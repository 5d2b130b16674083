import { type Affinities, createAffinities } from './affinities.ts';
import type { Core } from './core.ts';
import { createRequestRecords, type RequestRecords } from './request-records.ts';
import { createUsageEvents, type UsageEvents } from './usage-events.ts';
import type { UsageIndex } from './usage-index.ts';

/** What is written of draws: their audit rows, how these are found, the request ids that stand for them, and
 * where affinities go. */
export interface Usage {
  readonly index: UsageIndex;
  readonly events: UsageEvents;
  readonly records: RequestRecords;
  readonly affinities: Affinities;
}

export function createUsage(core: Core): Usage {
  return {
    index: core.usageIndex,
    events: createUsageEvents(core),
    records: createRequestRecords(core.db),
    affinities: createAffinities(core.db),
  };
}
