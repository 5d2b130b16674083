import type { DatabaseSync } from 'node:sqlite';
import { createDrawSums, KEY_PARTS, type SummedDraw } from './draw-sums.ts';
import type { WriteEnd } from './memory.ts';
import { createRecordSums } from './record-sums.ts';
import { prepare } from './statement.ts';

/** What must be summed up to the newest event: all of one key, or all features, consumers and what is no draw. */
export type SumsNeeded = { readonly key: number } | 'others' | 'all';

/**
 * The sums of usage events by the hour, in parts that go forward one by one. Each says in `usage_summed`, in the same
 * write, how far it is: so an event counts once in each, wherever a process ended.
 */
export interface UsageSums extends WriteEnd {
  /** Counts a draw that was written. Within the same write. */
  readonly add: (draw: SummedDraw) => void;
  /** Sums up what is no draw, up to a number. Within a write. */
  readonly sumRecords: (upTo: number) => void;
  /** Sums up the next part of the draws in turn; `upTo`: the newest number. Within a write. */
  readonly sumNext: (upTo: number) => void;
  readonly isBehind: (needed: SumsNeeded) => boolean;
  /** Within a write. */
  readonly catchUp: (needed: SumsNeeded) => void;
  /** Up to this number every event is in all of its sums. */
  readonly summedSeq: () => number;
}

/** Numbers of the parts in `usage_summed`: features, consumers, what is no draw, and keys from there on. */
const RECORDS = 2;
const KEYS = 3;

/** `hourMs`: the length of an hour. */
export function createUsageSums(db: DatabaseSync, hourMs: number): UsageSums {
  const summed = prepare<{ seq: number }>(db, 'SELECT seq FROM usage_summed WHERE part = ?');
  const leastSummed = prepare<{ seq: number }>(db, 'SELECT min(seq) AS seq FROM usage_summed');
  const mark = prepare(db, 'UPDATE usage_summed SET seq = ? WHERE part = ?');
  const newest = prepare<{ seq: number | null }>(db, 'SELECT max(seq) AS seq FROM usage_events');
  const newestSeq = (): number => newest.get()?.seq ?? 0;
  const summedUpTo = (part: number): number => summed.get(part)?.seq ?? 0;
  const draws = createDrawSums(db, hourMs, newestSeq());
  const [features, consumers, ...keys] = draws.parts.map(({ sum }) => sum);
  const works = [features, consumers, createRecordSums(db, hourMs), ...keys];
  const all = works.map((_, part) => part);
  const ofDraws = all.filter((part) => part !== RECORDS);
  let turn = 0;
  let wrote = false;

  const sum = (part: number, upTo: number): void => {
    const from = summedUpTo(part);
    if (from >= upTo) return;
    wrote = true;
    works[part]?.(from, upTo);
    if (mark.run(upTo, part) !== 1) throw new Error(`the schema has no part ${part} of the sums`);
  };
  const partsOf = (needed: SumsNeeded): readonly number[] => {
    if (needed === 'all') return all;
    return needed === 'others' ? [0, 1, RECORDS] : [KEYS + (needed.key % KEY_PARTS)];
  };
  return {
    add: (draw) => {
      wrote = true;
      draws.add(draw);
    },
    sumRecords: (upTo) => sum(RECORDS, upTo),
    sumNext: (upTo) => {
      turn = (turn + 1) % ofDraws.length;
      sum(ofDraws[turn] ?? 0, upTo);
    },
    isBehind: (needed) => {
      const upTo = newestSeq();
      return partsOf(needed).some((part) => summedUpTo(part) < upTo);
    },
    catchUp: (needed) => {
      const upTo = newestSeq();
      for (const part of partsOf(needed)) sum(part, upTo);
    },
    summedSeq: () => leastSummed.get()?.seq ?? 0,
    committed: () => {
      wrote = false;
    },
    undone: () => {
      // What was counted in it never was.
      if (wrote) for (const { tally } of draws.parts) tally.forget();
      wrote = false;
    },
  };
}
