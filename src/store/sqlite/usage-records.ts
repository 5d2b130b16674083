import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { UsageRecord } from '../../model/audit.ts';
import type { Core } from './core.ts';
import type { Names } from './names.ts';
import { createRowInsert } from './row-insert.ts';
import { prepare } from './statement.ts';
import type { UsageIndex } from './usage-index.ts';

/** Writes the usage events that are no draws: a row as of a draw, without a key, and beside it what only they say. */
export interface UsageRecords {
  /** Writes records at a moment (ms), but for `once` ones that were written before; returns how many. Within a write. */
  readonly write: (records: readonly UsageRecord[], at: number) => number;
}

export function createUsageRecords(db: DatabaseSync, names: Names, index: UsageIndex): UsageRecords {
  const isThere = prepare(db, 'SELECT 1 FROM usage_records WHERE once = ?');
  // Without key, tier and feature; the record's id stands where a draw's take does.
  const insertEvents = createRowInsert(db, 'usage_events', '(?, ?, ?, 0, ?, ?, ?, ?, 0, ?, ?, 0)');
  const insertRecords = createRowInsert(db, 'usage_records', '(?, ?, ?, ?, ?, ?, ?)');
  return {
    write: (records, at) => {
      const events: SQLInputValue[] = [];
      const facts: SQLInputValue[] = [];
      const none = names.number('');
      const written = new Set<string>();
      let last = 0;
      for (const record of records) {
        const { id, once } = record;
        if (once && (written.has(id) || isThere.get(id) !== undefined)) continue;
        written.add(id);
        last = index.nextSeq();
        const consumer = names.number(record.consumerId);
        events.push(last, at, consumer, none, none, record.units, id, record.requestId, record.peerAddress);
        const { kind, resource, endpoint, statusCode, outcome } = record;
        facts.push(last, kind, once ? id : null, resource, endpoint, statusCode, outcome);
      }
      if (written.size === 0) return 0;
      insertEvents(events);
      insertRecords(facts);
      index.grew(last);
      return written.size;
    },
  };
}

/** Writes usage records inside the caller's write, at a moment (ms); see {@link UsageRecords}. */
export function writeUsageRecords(
  { usageRecords }: Core,
  records: readonly UsageRecord[],
  at: number,
): number {
  return usageRecords.write(records, at);
}
