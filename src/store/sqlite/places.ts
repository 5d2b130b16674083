import type { DatabaseSync } from 'node:sqlite';
import type { KeyState } from '../../model/key.ts';
import type { Candidate, QueueRead } from '../../model/round.ts';
import type { QueueName } from '../../model/tier.ts';
import type { WriteEnd } from './memory.ts';
import type { Names } from './names.ts';
import { prepare } from './statement.ts';

/** What of a key's state its rows in `places` show. */
export type Placed = Pick<KeyState, 'ready' | 'due' | 'lastRank' | 'freshRank' | 'expireAt'>;

/** Queues of which is remembered that no key is parked there; all are forgotten when they are more. */
const UNPARKED_MAX = 10_000;

/** The queues of all features, as rows ordered by rank and by due moment. */
export interface PlaceTable extends WriteEnd {
  /** Brings a key's rows from where they are to where they shall be, writing only what differs. */
  readonly move: (key: number, before: Placed | null, after: Placed | null) => void;
  /** A page of a queue at `now`; of what is due later, the first alone. */
  readonly page: (read: QueueRead, now: number) => readonly Candidate[];
}

interface PlaceRow {
  readonly parked: 0 | 1;
  readonly position: number;
  readonly lastRank: number;
  readonly expireAt: number | null;
}

function placeIn(queue: QueueName, placed: Placed | null): PlaceRow | null {
  if (placed === null) return null;
  const { expireAt } = placed;
  const rank = placed.ready[queue];
  if (rank !== undefined) return { parked: 0, position: rank, lastRank: rank, expireAt };
  const due = placed.due[queue];
  // A key that expires before it is due is not waited for: only an edit can bring it back, which places it anew.
  if (due === undefined || (expireAt !== null && due >= expireAt)) return null;
  return { parked: 1, position: due, lastRank: placed.lastRank[queue] ?? placed.freshRank, expireAt };
}

function sameRow(a: PlaceRow, b: PlaceRow): boolean {
  return (
    a.position === b.position &&
    a.parked === b.parked &&
    a.lastRank === b.lastRank &&
    a.expireAt === b.expireAt
  );
}

/** Every queue in which one of the two stands. */
function queuesOf(before: Placed | null, after: Placed | null): Iterable<QueueName> {
  const queues = new Set<QueueName>();
  for (const placed of [before, after]) {
    if (placed === null) continue;
    for (const queue in placed.ready) queues.add(queue as QueueName);
    for (const queue in placed.due) queues.add(queue as QueueName);
  }
  return queues;
}

/** A key whose row is not where its state says would silently leave its queue for ever. */
function one(changed: number): void {
  if (changed !== 1) throw new Error('a key does not stand where its state says');
}

export function createPlaceTable(db: DatabaseSync, names: Names): PlaceTable {
  const insert = prepare(db, 'INSERT INTO places VALUES (?, ?, ?, ?, ?, ?)');
  const update = prepare(
    db,
    `UPDATE places SET parked = ?, position = ?, last_rank = ?, expire_at = ?
     WHERE queue = ? AND parked = ? AND position = ? AND key = ?`,
  );
  const remove = prepare(
    db,
    'DELETE FROM places WHERE queue = ? AND parked = ? AND position = ? AND key = ?',
  );
  type Row = { key: number; position: number; lastRank: number };
  const from = prepare<Row>(
    db,
    // A sum, since SQLite plans a statement anew for each value that is bound to a bare LIMIT.
    `SELECT key, position, last_rank AS lastRank FROM places
     WHERE queue = ? AND parked = ? AND position >= ? ORDER BY position, key LIMIT ? + 0`,
  );
  const candidate = (row: Row): Candidate => ({
    keyId: String(row.key),
    position: row.position,
    lastRank: row.lastRank,
    weight: 1,
    preference: 0,
    busy: false,
  });
  // This process is the only writer, and most queues have no parked key: what is known to be empty is not read.
  const unparked = new Set<number>();
  return {
    committed: () => {},
    // One read for each queue brings it back, which is less than to know what of it came from this write.
    undone: () => unparked.clear(),
    move: (key, before, after) => {
      for (const queue of queuesOf(before, after)) {
        const from = placeIn(queue, before);
        const to = placeIn(queue, after);
        if (from !== null && to !== null && sameRow(from, to)) continue;
        const no = names.number(queue);
        if (to?.parked === 1) unparked.delete(no);
        if (to === null) {
          if (from !== null) one(remove.run(no, from.parked, from.position, key));
        } else if (from === null) {
          insert.run(no, to.parked, to.position, key, to.lastRank, to.expireAt);
        } else {
          const { parked, position, lastRank, expireAt } = to;
          one(update.run(parked, position, lastRank, expireAt, no, from.parked, from.position, key));
        }
      }
    },
    page: (read, now) => {
      const queue = names.find(read.queue);
      if (queue === null) return [];
      const isParked = read.place === 'due';
      if (isParked && unparked.has(queue)) return [];
      const rows = from.all(queue, isParked ? 1 : 0, read.from, read.limit);
      const isEmpty = rows.length === 0 && read.from === Number.MIN_SAFE_INTEGER;
      if (isParked && isEmpty) {
        if (unparked.size >= UNPARKED_MAX) unparked.clear();
        unparked.add(queue);
      }
      const later = isParked ? rows.findIndex(({ position }) => position > now) : -1;
      return (later < 0 ? rows : rows.slice(0, later + 1)).map(candidate);
    },
  };
}
