import type { DrawQueue } from '../../model/round.ts';
import type { Availability } from '../port.ts';
import type { Core } from './core.ts';
import { prepare } from './statement.ts';

type Count = { readonly n: number };

/** Expired keys that no sweep has reached yet stand in their queues and are not counted. */
const LIVE = '(expire_at IS NULL OR expire_at > ?)';

/** Counts keys of queues, looking at no more than it counts. */
export function createAvailability(core: Core): (queues: readonly DrawQueue[], cap: number) => Availability {
  const { db, names } = core;
  const ready = prepare<Count>(
    db,
    `SELECT count(*) AS n FROM (SELECT 1 FROM places WHERE queue = ? AND parked = 0 AND ${LIVE} LIMIT ?)`,
  );
  const due = prepare<Count>(
    db,
    `SELECT count(*) AS n FROM (
       SELECT 1 FROM places WHERE queue = ? AND parked = 1 AND position <= ? AND ${LIVE} LIMIT ?)`,
  );
  const inTier = prepare<Count>(db, 'SELECT count(*) AS n FROM (SELECT 1 FROM keys WHERE tier = ? LIMIT ?)');
  const firstDue = prepare<{ position: number }>(
    db,
    'SELECT position FROM places WHERE queue = ? AND parked = 1 AND position > ? ORDER BY position, key LIMIT 1',
  );
  return (queues, cap) => {
    const now = core.now();
    // One more than the cap tells whether there are more.
    const most = cap + 1;
    let available = 0;
    let total = 0;
    let nextAt = Infinity;
    for (const { tierId, queue } of queues) {
      total += inTier.get(names.find(tierId), most)?.n ?? 0;
      const no = names.find(queue);
      if (no === null) continue;
      available += (ready.get(no, now, most)?.n ?? 0) + (due.get(no, now, now, most)?.n ?? 0);
      nextAt = Math.min(nextAt, firstDue.get(no, now)?.position ?? Infinity);
    }
    return {
      available: Math.min(available, cap),
      total: Math.min(total, cap),
      capped: available > cap || total > cap,
      nextAt: available > 0 || nextAt === Infinity ? null : nextAt,
    };
  };
}
