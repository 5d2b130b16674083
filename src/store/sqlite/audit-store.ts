import { SUMMED_SPANS } from '../../model/usage-summary.ts';
import type { AuditStore } from '../port.ts';
import type { Core } from './core.ts';
import { prepare } from './statement.ts';
import type { Usage } from './usage.ts';
import { createUsageList } from './usage-list.ts';
import { writeUsageRecords } from './usage-records.ts';
import { createUsageSummaries } from './usage-summary.ts';

function createRetention({ db, now, options, usageSums }: Core, usage: Usage) {
  const { hourMs } = options.summedSpans ?? SUMMED_SPANS;
  const removeOldest = prepare(
    db,
    `DELETE FROM usage_events WHERE seq IN (
       SELECT i.seq FROM usage_by_time i WHERE i.at < ? AND i.seq <= ? ORDER BY i.at, i.seq LIMIT ?)`,
  );
  const isLeft = prepare(db, 'SELECT 1 FROM usage_by_time WHERE at < ? LIMIT 1');
  const removeHours = prepare(
    db,
    `DELETE FROM usage_hours WHERE (hour, axis, subject) IN (
       SELECT hour, axis, subject FROM usage_hours WHERE hour < ? LIMIT ?)`,
  );
  const removeCells = prepare(
    db,
    `DELETE FROM usage_cells WHERE (hour, axis, subject, resource, endpoint, status_code, outcome) IN (
       SELECT hour, axis, subject, resource, endpoint, status_code, outcome FROM usage_cells WHERE hour < ? LIMIT ?)`,
  );
  return {
    events: (before: number, limit: number): number => {
      usage.index.catchUp();
      const affinities = usage.affinities.removeExpired(now(), limit);
      const records = affinities + usage.records.removeExpired(now(), limit - affinities);
      if (records >= limit) return records;
      const removed = removeOldest.run(before, usageSums.summedSeq(), limit - records);
      // What is left is not in all sums yet: few have been written since it was.
      if (removed === 0 && isLeft.get(before) !== undefined) {
        usageSums.catchUp('all');
        return records + removeOldest.run(before, usageSums.summedSeq(), limit - records);
      }
      return records + removed;
    },
    sums: (before: number, limit: number): number => {
      const hour = Math.floor(before / hourMs);
      const cells = removeCells.run(hour, limit);
      return cells + (cells < limit ? removeHours.run(hour, limit - cells) : 0);
    },
  };
}

export function createAuditStore(core: Core, usage: Usage): AuditStore {
  const { db, transactions, names, usageSums } = core;
  const list = createUsageList(db, names);
  const summaries = createUsageSummaries(db, names, (core.options.summedSpans ?? SUMMED_SPANS).hourMs);
  const remove = createRetention(core, usage);
  const catchUp = (): void => {
    if (transactions.read(usage.index.isBehind)) transactions.write(usage.index.catchUp);
  };
  return {
    listUsageEvents: async (filter, page) => {
      catchUp();
      return transactions.read(() => list(filter, page));
    },
    listAdminEvents: async (filter, page) => transactions.read(() => core.adminEvents.list(filter, page)),
    recordUsage: async (records) => transactions.write(() => writeUsageRecords(core, records, core.now())),
    summarizeUsage: async (subject, period) => {
      const needed = transactions.read(() => summaries.neededFor(subject));
      if (transactions.read(() => usageSums.isBehind(needed)))
        transactions.write(() => usageSums.catchUp(needed));
      return summaries.read(subject, period, transactions.read);
    },
    // Sums go forward as events are written, and whoever reads them catches up.
    sumUsageStep: async () => false,
    deleteExpired: async (before, limit) => transactions.write(() => remove.events(before, limit)),
    deleteExpiredSums: async (before, limit) => transactions.write(() => remove.sums(before, limit)),
  };
}
