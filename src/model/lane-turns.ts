import { setBounded } from './bounded-map.ts';
import { STRIDE, sharesOf } from './pace.ts';
import type { QueueName } from './tier.ts';

/** Queues whose turns are known at once. */
const QUEUES_MAX = 100_000;

interface LaneTurn {
  /** Where the queue goes on. */
  readonly turn: number;
  /** Where the queues stood, among which it last took its turn. */
  readonly present: number;
}

/** Turns of whole queues, where each has an order of its own: as this process has drawn from them. */
export interface LaneTurns {
  /**
   * How many of `draws` each of the `able` queues gets, in their order: the one that was used longest ago is next. One
   * that could not serve for a while goes on at the present. `among`: all that take turns.
   */
  readonly share: (among: readonly QueueName[], able: readonly QueueName[], draws: number) => number[];
}

export function createLaneTurns(): LaneTurns {
  const lanes = new Map<QueueName, LaneTurn>();
  return {
    share: (among, able, draws) => {
      const present = Math.max(0, ...among.map((queue) => lanes.get(queue)?.present ?? 0));
      const byTurn = able
        .map((queue, index) => ({ queue, index, turn: Math.max(present, lanes.get(queue)?.turn ?? 0) }))
        .sort((a, b) => a.turn - b.turn);
      const ascending = sharesOf(
        byTurn.map(({ turn }) => turn),
        draws,
      );
      const shares = able.map(() => 0);
      let now = present;
      for (const [i, { index, turn }] of byTurn.entries()) {
        shares[index] = ascending[i] ?? 0;
        if ((ascending[i] ?? 0) > 0) now = turn;
      }
      for (const queue of among) {
        const i = able.indexOf(queue);
        const was = Math.max(present, lanes.get(queue)?.turn ?? 0);
        setBounded(lanes, QUEUES_MAX, queue, { turn: was + (shares[i] ?? 0) * STRIDE, present: now });
      }
      return shares;
    },
  };
}
