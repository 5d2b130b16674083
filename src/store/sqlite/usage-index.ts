import type { DatabaseSync } from 'node:sqlite';
import { prepare } from './statement.ts';

/**
 * The tables by which usage events are found follow the events in batches: a batch writes each of their pages once,
 * where every single draw would write a page per table. Whoever reads through them catches up first, so that no list
 * misses a draw.
 */
export interface UsageIndex {
  /** Notes that events up to `seq` are written, and catches up when enough are waiting. Within a write. */
  readonly grew: (seq: number) => void;
  /** Indexes every event there is. Within a write. */
  readonly catchUp: () => void;
  /** True when events wait to be indexed. */
  readonly isBehind: () => boolean;
  /** The highest number ever given to an event. */
  readonly lastSeq: number;
}

/** Events that wait at most: more would make the round that catches up noticeably late, fewer write more pages. */
const WAITING_MAX = 2048;

const BATCHES = [
  'INSERT INTO usage_by_time SELECT at, seq FROM usage_events WHERE seq > ? ORDER BY at, seq',
  `INSERT INTO usage_by_consumer SELECT consumer, at, seq FROM usage_events WHERE seq > ?
   ORDER BY consumer, at, seq`,
  'INSERT INTO usage_by_key SELECT key, at, seq FROM usage_events WHERE seq > ? ORDER BY key, at, seq',
  `INSERT INTO usage_by_feature SELECT feature, at, seq FROM usage_events WHERE seq > ?
   ORDER BY feature, at, seq`,
  'INSERT INTO usage_by_take SELECT take, serial, seq FROM usage_events WHERE seq > ? ORDER BY take, serial',
  'UPDATE usage_indexed SET seq = max(seq, (SELECT coalesce(max(seq), 0) FROM usage_events))',
];

export function createUsageIndex(db: DatabaseSync): UsageIndex {
  const indexed = prepare<{ seq: number }>(db, 'SELECT seq FROM usage_indexed');
  const newest = prepare<{ seq: number | null }>(db, 'SELECT max(seq) AS seq FROM usage_events');
  const batches = BATCHES.map((sql) => prepare(db, sql));
  const indexedSeq = (): number => indexed.get()?.seq ?? 0;
  const lastSeq = Math.max(indexedSeq(), newest.get()?.seq ?? 0);
  const catchUp = (): void => {
    const seq = indexedSeq();
    for (const [i, batch] of batches.entries()) {
      if (i < batches.length - 1) batch.run(seq);
      else batch.run();
    }
  };
  return {
    lastSeq,
    catchUp,
    isBehind: () => (newest.get()?.seq ?? 0) > indexedSeq(),
    grew: (seq) => {
      if (seq - indexedSeq() >= WAITING_MAX) catchUp();
    },
  };
}
