import type { DatabaseSync } from 'node:sqlite';
import { prepare } from './statement.ts';

/** The highest rank of any key in any queue, 0 when there is none; ready keys are asked queue by queue at their end. */
export function highestRank(db: DatabaseSync): number {
  const queues = prepare<{ queue: number }>(
    db,
    `WITH RECURSIVE seen(queue) AS (
       SELECT min(queue) FROM places
       UNION ALL SELECT (SELECT min(queue) FROM places WHERE queue > seen.queue) FROM seen WHERE queue IS NOT NULL
     ) SELECT queue FROM seen WHERE queue IS NOT NULL`,
  );
  const ready = prepare<{ rank: number | null }>(
    db,
    'SELECT max(position) AS rank FROM places WHERE queue = ? AND parked = 0',
  );
  const parked = prepare<{ rank: number | null }>(
    db,
    'SELECT max(last_rank) AS rank FROM places WHERE queue = ? AND parked = 1',
  );
  return queues
    .all()
    .reduce(
      (highest, { queue }) => Math.max(highest, ready.get(queue)?.rank ?? 0, parked.get(queue)?.rank ?? 0),
      0,
    );
}
