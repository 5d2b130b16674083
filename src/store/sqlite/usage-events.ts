import type { SQLInputValue } from 'node:sqlite';
import type { DrawRequest } from '../port.ts';
import type { Core } from './core.ts';
import type { SummedDraw } from './draw-sums.ts';
import type { DrawRow } from './recent-draws.ts';
import { createRowInsert } from './row-insert.ts';
import { prepare } from './statement.ts';

/** What the audit row of a draw says beside the request's own fields. */
export interface DrawnFacts {
  readonly at: number;
  readonly key: number;
  readonly tierId: string;
  readonly take: string;
  readonly serial: number;
}

/** The audit rows of one round, written together. */
export interface NewUsageEvents {
  /** Adds a row and returns its number. */
  readonly append: (request: DrawRequest, facts: DrawnFacts) => number;
  /** Writes all of them. */
  readonly write: () => void;
}

/** Writes, finds and marks the audit rows of draws; every call within a write. */
export interface UsageEvents {
  readonly begin: () => NewUsageEvents;
  /** The row of a draw by its id; null when there is none. */
  readonly find: (drawId: string) => DrawRow | null;
  /** Marks the row of a draw whose value did not leave. */
  readonly withhold: (seq: number) => void;
  /** Units of a take's real rows. */
  readonly unitsOfTake: (take: string) => number;
}

/** `<take>.<serial>` in its parts; null when it is none. */
function parseDrawId(drawId: string): { readonly take: string; readonly serial: number } | null {
  const match = /^(.+)\.(\d{1,15})$/.exec(drawId);
  if (match === null) return null;
  return { take: match[1] ?? '', serial: Number(match[2]) };
}

export function createUsageEvents({ db, names, usageIndex: index, usageSums }: Core): UsageEvents {
  const insert = createRowInsert(db, 'usage_events', '(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)');
  const mark = prepare(db, 'UPDATE usage_events SET withheld = 1 WHERE seq = ?');
  const units = prepare<{ units: number }>(
    db,
    `SELECT coalesce(sum(e.units), 0) AS units FROM usage_by_take t JOIN usage_events e ON e.seq = t.seq
     WHERE t.take = ?`,
  );
  return {
    begin: () => {
      const values: SQLInputValue[] = [];
      const draws: SummedDraw[] = [];
      let last = 0;
      return {
        append: (request, facts) => {
          last = index.nextSeq();
          const { at, key, take, serial } = facts;
          const { units, requestId, peerAddress } = request;
          const consumer = names.number(request.consumerId);
          const tier = names.number(facts.tierId);
          const feature = names.number(request.feature);
          values.push(last, at, consumer, key, tier, feature, units, take, serial, requestId, peerAddress);
          const draw = { seq: last, at, consumer, key, tier, feature, units, take, serial };
          draws.push(draw);
          index.draws.add(draw);
          return last;
        },
        write: () => {
          insert(values);
          for (const draw of draws) usageSums.add(draw);
          index.grew(last);
        },
      };
    },
    find: (drawId) => {
      const parts = parseDrawId(drawId);
      return parts === null ? null : index.draws.find(parts.take, parts.serial);
    },
    withhold: (seq) => {
      mark.run(seq);
    },
    unitsOfTake: (take) => {
      index.catchUp();
      return units.get(take)?.units ?? 0;
    },
  };
}
