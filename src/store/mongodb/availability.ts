import type { DrawQueue } from '../../model/round.ts';
import type { Availability } from '../port.ts';
import { servesAtDue } from './candidates.ts';
import { type MongoContext, storeNow } from './context.ts';
import { PLACES_INDEX } from './migrations.ts';

interface QueueCount {
  readonly available: number;
  readonly total: number;
  readonly nextAt: number | null;
}

/** Counts what could be drawn from the queues, each to `cap`. */
export async function availability(
  context: MongoContext,
  queues: readonly DrawQueue[],
  cap: number,
): Promise<Availability> {
  const now = storeNow(context);
  const counts = await Promise.all(queues.map((queue) => countQueue(context, queue, cap, now)));
  const available = counts.reduce((sum, count) => sum + count.available, 0);
  const total = counts.reduce((sum, count) => sum + count.total, 0);
  const moments = counts.flatMap(({ nextAt }) => nextAt ?? []);
  return {
    available: Math.min(available, cap),
    total: Math.min(total, cap),
    capped: total > cap || available > cap,
    nextAt: available > 0 || moments.length === 0 ? null : Math.min(...moments),
  };
}

async function countQueue(
  { rows }: MongoContext,
  { tierId, queue }: DrawQueue,
  cap: number,
  now: number,
): Promise<QueueCount> {
  const ready = `ready.${queue}`;
  const due = `due.${queue}`;
  const alive = { $or: [{ expireAt: null }, { expireAt: { $gt: now } }] };
  const limit = cap + 1;
  const countWhere = (place: object) =>
    rows.keys.countDocuments({ tierId, ...place, ...alive }, { limit, hint: PLACES_INDEX });
  const [readyCount, dueCount, total, waiting] = await Promise.all([
    countWhere({ [ready]: { $gte: Number.MIN_SAFE_INTEGER } }),
    countWhere({ [due]: { $lte: now } }),
    rows.keys.countDocuments({ tierId }, { limit, hint: { tierId: 1, placed: 1 } }),
    rows.keys
      .find({ tierId, [due]: { $gt: now }, ...servesAtDue(queue) })
      .project<{ due: Readonly<Record<string, number>> }>({ [due]: 1 })
      .sort({ [due]: 1 })
      .hint(PLACES_INDEX)
      .limit(1)
      .toArray(),
  ]);
  return { available: readyCount + dueCount, total, nextAt: waiting[0]?.due[queue] ?? null };
}
