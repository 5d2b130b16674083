import type { AuditStore } from '../port.ts';
import type { Core } from './core.ts';
import { prepare } from './statement.ts';
import type { Usage } from './usage.ts';
import { createUsageList } from './usage-list.ts';

export function createAuditStore(core: Core, usage: Usage): AuditStore {
  const { db, transactions } = core;
  const list = createUsageList(db, core.names);
  const removeOldest = prepare(
    db,
    `DELETE FROM usage_events WHERE seq IN (
       SELECT i.seq FROM usage_by_time i WHERE i.at < ? ORDER BY i.at, i.seq LIMIT ?)`,
  );
  return {
    listUsageEvents: async (filter, page) => {
      if (transactions.read(usage.index.isBehind)) transactions.write(usage.index.catchUp);
      return transactions.read(() => list(filter, page));
    },
    listAdminEvents: async (filter, page) => transactions.read(() => core.adminEvents.list(filter, page)),
    deleteExpired: async (before, limit) =>
      transactions.write(() => {
        usage.index.catchUp();
        const records = usage.records.removeExpired(core.now(), limit);
        return records + (records < limit ? removeOldest.run(before, limit - records) : 0);
      }),
  };
}
