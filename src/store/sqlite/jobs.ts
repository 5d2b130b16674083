import type { DatabaseSync } from 'node:sqlite';
import type { Job } from '../../model/job.ts';
import { prepare } from './statement.ts';

/** The rows of jobs; who writes does so within a write. */
export interface JobRows {
  /** Replaces an unfinished job of the same tier. */
  readonly insert: (job: Job) => void;
  /** Writes what came of a step; all others have their turn before it has another. */
  readonly update: (job: Job) => void;
  readonly removeOfTier: (tierId: string) => void;
  /** The unfinished job that was worked on least recently. */
  readonly nextRunning: () => Job | null;
  /** Unfinished, or finished after `since`; newest first. */
  readonly list: (since: number, limit: number) => readonly Job[];
}

type Row = {
  readonly id: string;
  readonly tier: string;
  readonly revision: number;
  readonly state: Job['state'];
  readonly done: number;
  readonly total: number;
  readonly created_at: number;
  readonly updated_at: number;
};

function jobOf(row: Row): Job {
  return {
    id: row.id,
    kind: 'place-keys',
    tierId: row.tier,
    revision: row.revision,
    state: row.state,
    done: row.done,
    total: row.total,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** Finished jobs are shown for an hour and kept for a day. */
const KEPT_MS = 24 * 60 * 60 * 1000;

export function createJobRows(db: DatabaseSync): JobRows {
  const insert = prepare(
    db,
    `INSERT INTO jobs (id, tier, revision, state, done, total, created_at, updated_at, turn)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)`,
  );
  const replace = prepare(db, `DELETE FROM jobs WHERE tier = ? AND state = 'running'`);
  const forget = prepare(db, `DELETE FROM jobs WHERE state = 'done' AND updated_at < ?`);
  // Turns are counted: by their moments a job would wait for as long as the clock has stepped back.
  const update = prepare(
    db,
    `UPDATE jobs SET state = ?, done = ?, total = ?, updated_at = ?, turn = (SELECT max(turn) + 1 FROM jobs)
     WHERE id = ?`,
  );
  const remove = prepare(db, 'DELETE FROM jobs WHERE tier = ?');
  const next = prepare<Row>(db, `SELECT * FROM jobs WHERE state = 'running' ORDER BY turn, no LIMIT 1`);
  const list = prepare<Row>(
    db,
    `SELECT * FROM jobs WHERE state = 'running' OR updated_at > ? ORDER BY no DESC LIMIT ?`,
  );
  return {
    insert: (job) => {
      replace.run(job.tierId);
      forget.run(job.createdAt - KEPT_MS);
      const { id, tierId, revision, state, done, total, createdAt, updatedAt } = job;
      insert.run(id, tierId, revision, state, done, total, createdAt, updatedAt);
    },
    update: ({ id, state, done, total, updatedAt }) => {
      update.run(state, done, total, updatedAt, id);
    },
    removeOfTier: (tierId) => {
      remove.run(tierId);
    },
    nextRunning: () => {
      const row = next.get();
      return row === undefined ? null : jobOf(row);
    },
    list: (since, limit) => list.all(since, limit).map(jobOf),
  };
}
