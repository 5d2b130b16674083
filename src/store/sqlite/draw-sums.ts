import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { createDrawTally, type DrawTally } from './draw-tally.ts';
import { ADD_TO_HOUR, AXIS } from './hour-sums.ts';
import { createRowInsert } from './row-insert.ts';
import { prepare } from './statement.ts';

/** A draw as its sums see it; `at` in ms. */
export interface SummedDraw {
  readonly at: number;
  readonly consumer: number;
  readonly key: number;
  readonly feature: number;
  readonly units: number;
}

/** The sums of draws of an axis, for keys of every so many of them. */
export interface DrawSums {
  /** Adds the draws with numbers after `from` up to `upTo`, which is the newest. Within a write. */
  readonly sum: (from: number, upTo: number) => void;
  readonly tally: DrawTally;
}

/** Keys are many: so many parts, of which each has few enough for one write. */
export const KEY_PARTS = 32;

function sumFromRows(hourMs: number, axis: keyof typeof AXIS, which: string): string {
  return `INSERT INTO usage_hours
    SELECT at / ${hourMs}, ${AXIS[axis]}, ${axis}, count(*), count(*), 0, 0, sum(units), 0, max(at), 0
    FROM usage_events WHERE seq > ?1 AND seq <= ?2 AND ${which}
    GROUP BY at / ${hourMs}, ${axis} ${ADD_TO_HOUR}`;
}

/**
 * The sums of draws, in parts: of features, of consumers, and of keys {@link KEY_PARTS}. `newest`: the number of the
 * newest event. Each adds what it counted in memory, or where that is not all, as after a crash, what the rows say.
 */
export function createDrawSums(
  db: DatabaseSync,
  hourMs: number,
  newest: number,
): {
  readonly parts: readonly DrawSums[];
  /** Counts a draw that was written. */
  readonly add: (draw: SummedDraw) => void;
} {
  const addToHours = createRowInsert(db, 'usage_hours', '(?, ?, ?, ?, ?, 0, 0, ?, 0, ?, 0)', ADD_TO_HOUR);
  const createPart = (axis: keyof typeof AXIS, which: string): DrawSums => {
    const tally = createDrawTally(newest);
    const fromRows = prepare(db, sumFromRows(hourMs, axis, which));
    return {
      tally,
      sum: (from, upTo) => {
        const counted = tally.allSince(from);
        if (counted === null) fromRows.run(from, upTo);
        else {
          const values: SQLInputValue[] = [];
          for (const { hour, subject, draws, units, lastAt } of counted)
            values.push(hour, AXIS[axis], subject, draws, draws, units, lastAt);
          addToHours(values);
        }
        tally.begin(upTo);
      },
    };
  };
  const features = createPart('feature', 'key > 0');
  const consumers = createPart('consumer', 'key > 0');
  const keys = Array.from({ length: KEY_PARTS }, (_, part) =>
    createPart('key', `key > 0 AND key % ${KEY_PARTS} = ${part}`),
  );
  return {
    parts: [features, consumers, ...keys],
    add: ({ at, consumer, key, feature, units }) => {
      const hour = Math.floor(at / hourMs);
      features.tally.add(hour, feature, units, at);
      consumers.tally.add(hour, consumer, units, at);
      keys[key % KEY_PARTS]?.tally.add(hour, key, units, at);
    },
  };
}
