import type { DatabaseSync } from 'node:sqlite';
import type { WriteEnd } from './memory.ts';
import { createRecentDraws, type RecentDraws } from './recent-draws.ts';
import { prepare } from './statement.ts';
import type { UsageSums } from './usage-sums.ts';

/**
 * The tables by which usage events are found follow the events in batches: a batch writes each of their pages once,
 * where every single draw would write a page per table. A batch goes into the tables one by one, each with a write of
 * its own, so that no round has to wait for all of them; after them come parts of the sums by the hour. Whoever reads
 * through them catches up first, so that no list misses an event.
 */
export interface UsageIndex extends WriteEnd {
  /** Notes that events up to `seq` are written, and does a part of what waits when that is enough. Within a write. */
  readonly grew: (seq: number) => void;
  /** Indexes every event there is. Within a write. */
  readonly catchUp: () => void;
  /** True when events wait to be indexed. */
  readonly isBehind: () => boolean;
  /** The number of the next event. Counted here, not by SQLite: none is given twice, also when the newest rows are deleted. */
  readonly nextSeq: () => number;
  /** Finds draws by their ids, whether they are indexed or not. */
  readonly draws: Pick<RecentDraws, 'add' | 'find'>;
}

/** Events that wait before a batch begins: more would make its parts noticeably long, fewer write more pages. */
const WAITING_MAX = 2048;

/**
 * What each part of a batch writes to find events by; what is no draw has no key, feature and take. The keys of a batch are
 * many and their events lie on as many pages, so they are two parts. A batch that was broken off has left events in some
 * tables: there they are passed over when it is done anew.
 */
const PARTS = [
  'usage_by_time SELECT at, seq FROM events ORDER BY at, seq',
  'usage_by_consumer SELECT consumer, at, seq FROM events ORDER BY consumer, at, seq',
  'usage_by_key SELECT key, at, seq FROM events WHERE key > 0 AND key % 2 = 0 ORDER BY key, at, seq',
  'usage_by_key SELECT key, at, seq FROM events WHERE key > 0 AND key % 2 = 1 ORDER BY key, at, seq',
  'usage_by_feature SELECT feature, at, seq FROM events WHERE key > 0 ORDER BY feature, at, seq',
  'usage_by_take SELECT take, serial, seq FROM events WHERE key > 0 ORDER BY take, serial',
].map(
  (part) =>
    `WITH events AS (SELECT * FROM usage_events WHERE seq > ? AND seq <= ?) INSERT OR IGNORE INTO ${part}`,
);

/** Events after `from` up to `upTo` on their way into the tables, `done` parts of which are. */
interface Batch {
  readonly from: number;
  readonly upTo: number;
  readonly done: number;
}

export function createUsageIndex(db: DatabaseSync, sums: UsageSums): UsageIndex {
  const indexed = prepare<{ seq: number }>(db, 'SELECT seq FROM usage_indexed');
  const newest = prepare<{ seq: number | null }>(db, 'SELECT max(seq) AS seq FROM usage_events');
  const mark = prepare(db, 'UPDATE usage_indexed SET seq = max(seq, ?)');
  const inserts = PARTS.map((part) => prepare(db, part));
  const recent = createRecentDraws(db);
  const sumParts = [sums.sumRecords, sums.sumNext];
  const indexedSeq = (): number => indexed.get()?.seq ?? 0;
  const newestSeq = (): number => newest.get()?.seq ?? 0;
  let last = Math.max(indexedSeq(), newestSeq());
  let batch: Batch | null = null;

  const goOn = ({ from, upTo, done }: Batch, newest: number): Batch | null => {
    if (done < inserts.length) inserts[done]?.run(from, upTo);
    else sumParts[done - inserts.length]?.(newest);
    if (done + 1 < inserts.length + sumParts.length) return { from, upTo, done: done + 1 };
    mark.run(upTo);
    recent.indexed(upTo);
    return null;
  };

  return {
    draws: recent,
    nextSeq: () => {
      last += 1;
      return last;
    },
    catchUp: () => {
      batch = null;
      const upTo = newestSeq();
      let rest: Batch | null = { from: indexedSeq(), upTo, done: 0 };
      while (rest !== null) rest = goOn(rest, upTo);
    },
    isBehind: () => newestSeq() > indexedSeq(),
    grew: (seq) => {
      const from = batch === null ? indexedSeq() : 0;
      if (batch === null && seq - from >= WAITING_MAX) batch = { from, upTo: seq, done: 0 };
      if (batch !== null) batch = goOn(batch, seq);
    },
    committed: () => {},
    undone: () => {
      batch = null;
      recent.undone();
    },
  };
}
