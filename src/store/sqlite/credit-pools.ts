import type { DatabaseSync } from 'node:sqlite';
import type { CreditPool } from '../../model/credit.ts';
import { type CreditMeter, EMPTY_METER, meterOf, stamped } from '../../model/credit-meter.ts';
import { type Stamp, spanMs } from '../../model/meter.ts';
import { createChargeJournal, type JournalEntry } from './charge-journal.ts';
import { createWriteMemory, type WriteEnd } from './memory.ts';
import { prepare } from './statement.ts';

/** A pool that a round has charged. */
export interface ChargedPool {
  readonly pool: CreditPool;
  /** After the round. */
  readonly meter: CreditMeter;
  /** What the round added to it. */
  readonly stamp: Stamp;
}

/** What pools of credits have counted. Writes within a write. */
export interface CreditPools extends WriteEnd {
  readonly read: (pool: CreditPool) => CreditMeter;
  /** Writes what a round at `now` (ms) has charged. */
  readonly charge: (charged: readonly ChargedPool[], now: number) => void;
  /** Brings the rows up to what the journal tells, at the start. */
  readonly recover: () => void;
  /** Deletes pools that count nothing any more, `limit` at most; returns how many. */
  readonly removeIdle: (now: number, limit: number) => number;
}

interface Held {
  readonly no: number;
  readonly meter: CreditMeter;
  /** When its row may be deleted, in ms; `overAt`: when it counts nothing any more. */
  readonly idleAt: number;
  readonly overAt: number;
}

const REMEMBERED_MAX = 20_000;
/** How coarse the moment is from which on a pool may be deleted, in ms: its index is seldom written then. */
const IDLE_GRAIN_MS = 600_000;
/** Rows are written when so many pools have changed, or after so many rounds. */
const CHANGED_MAX = 256;
const ROUNDS_MAX = 64;

function idleAt(overAt: number): number {
  return Math.ceil(overAt / IDLE_GRAIN_MS) * IDLE_GRAIN_MS;
}

/** Stamps as text: the first moment, then each one's distance from the one before, with its credits. */
function packStamps(stamps: readonly Stamp[]): string {
  const numbers: number[] = [];
  let before = 0;
  for (const { at, n } of stamps) {
    numbers.push(at - before, n);
    before = at;
  }
  return numbers.join();
}

function unpackMeter(text: string): CreditMeter {
  const numbers = text === '' ? [] : text.split(',').map(Number);
  const stamps: Stamp[] = [];
  let at = 0;
  for (let i = 0; i + 1 < numbers.length; i += 2) {
    at += numbers[i] ?? 0;
    stamps.push({ at, n: numbers[i + 1] ?? 0 });
  }
  return meterOf(stamps);
}

function createRows(db: DatabaseSync) {
  type Row = { readonly no: number; readonly stamps: string; readonly idle_at: number };
  const byId = prepare<Row>(db, 'SELECT no, stamps, idle_at FROM credit_pools WHERE id = ?');
  const byNo = prepare<Row>(db, 'SELECT no, stamps, idle_at FROM credit_pools WHERE no = ?');
  const insert = prepare<{ no: number }>(
    db,
    "INSERT INTO credit_pools (id, stamps, idle_at) VALUES (?, '', ?) RETURNING no",
  );
  const update = prepare(db, 'UPDATE credit_pools SET stamps = ? WHERE no = ?');
  const updateIdle = prepare(db, 'UPDATE credit_pools SET stamps = ?, idle_at = ? WHERE no = ?');
  const heldOf = (row: Row | undefined): Held | null => {
    if (row === undefined) return null;
    return { no: row.no, meter: unpackMeter(row.stamps), idleAt: row.idle_at, overAt: row.idle_at };
  };
  return {
    byId: (id: string) => heldOf(byId.get(id)),
    byNo: (no: number) => heldOf(byNo.get(no)),
    insert: (id: string, overAt: number): Held => {
      const at = idleAt(overAt);
      const [row] = insert.all(id, at);
      if (row === undefined) throw new Error('a new pool got no number');
      return { no: row.no, meter: EMPTY_METER, idleAt: at, overAt };
    },
    /** Gives it as it is then. */
    update: (held: Held): Held => {
      const at = idleAt(held.overAt);
      const text = packStamps(held.meter.stamps);
      if (at <= held.idleAt) update.run(text, held.no);
      else updateIdle.run(text, at, held.no);
      return { ...held, idleAt: Math.max(at, held.idleAt) };
    },
  };
}

export function createCreditPools(db: DatabaseSync): CreditPools {
  const rows = createRows(db);
  const journal = createChargeJournal(db);
  const removeIdle = prepare<{ id: string }>(
    db,
    `DELETE FROM credit_pools WHERE no IN (
       SELECT no FROM credit_pools WHERE idle_at <= ? ORDER BY idle_at LIMIT ?) RETURNING id`,
  );
  /** As their rows are. */
  const remembered = createWriteMemory<string, Held>({ entriesMax: REMEMBERED_MAX });
  /** Those whose rows are behind the journal, and how many rounds are in that; as they were before the write, too. */
  let changed = new Map<string, Held>();
  let rounds = 0;
  let before: { readonly changed: Map<string, Held>; readonly rounds: number } | null = null;

  const begin = (): void => {
    before ??= { changed: new Map(changed), rounds };
  };

  function hold(id: string): Held | null {
    const known = changed.get(id) ?? remembered.get(id);
    if (known !== undefined) return known;
    const held = rows.byId(id);
    if (held !== null) remembered.set(id, held);
    return held;
  }

  function fold(): void {
    begin();
    for (const [id, held] of changed) {
      remembered.written(id);
      remembered.set(id, rows.update(held));
    }
    journal.clear();
    changed = new Map();
    rounds = 0;
  }

  return {
    committed: () => {
      before = null;
      remembered.committed();
    },
    undone: () => {
      if (before !== null) ({ changed, rounds } = before);
      before = null;
      remembered.undone();
    },
    read: ({ id }) => hold(id)?.meter ?? EMPTY_METER,
    charge: (charged, now) => {
      begin();
      const entries: JournalEntry[] = [];
      for (const { pool, meter, stamp } of charged) {
        const overAt = Math.max(now, stamp.at) + spanMs(pool.limit);
        const held = hold(pool.id) ?? rows.insert(pool.id, overAt);
        changed.set(pool.id, { ...held, meter, overAt });
        entries.push({ no: held.no, at: stamp.at, credits: stamp.n });
      }
      if (entries.length === 0) return;
      journal.append(entries);
      rounds += 1;
      if (changed.size >= CHANGED_MAX || rounds >= ROUNDS_MAX) fold();
    },
    recover: () => {
      const found = new Map<number, Held>();
      for (const { no, at, credits } of journal.read()) {
        const held = found.get(no) ?? rows.byNo(no);
        if (held === null) continue;
        const overAt = Math.max(held.overAt, at + IDLE_GRAIN_MS);
        found.set(no, { ...held, meter: stamped(held.meter, { at, n: credits }), overAt });
      }
      for (const held of found.values()) rows.update(held);
      journal.clear();
    },
    removeIdle: (now, limit) => {
      fold();
      const gone = removeIdle.all(now, limit);
      for (const { id } of gone) {
        remembered.written(id);
        remembered.delete(id);
      }
      return gone.length;
    },
  };
}
