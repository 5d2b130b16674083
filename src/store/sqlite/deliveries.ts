import type { DatabaseSync } from 'node:sqlite';
import type { Delivery, DeliveryState } from '../../model/webhook.ts';
import type { DeliveryCount } from '../port.ts';
import { prepare } from './statement.ts';

/** The rows of deliveries; who writes does so within a write. */
export interface DeliveryRows {
  readonly insert: (delivery: Delivery) => void;
  readonly ofAlert: (alertId: string) => readonly Delivery[];
  /** Pending ones whose time has come, the longest due first, but for these webhooks. */
  readonly due: (now: number, limit: number, except: readonly string[]) => readonly Delivery[];
  /** Makes all claims void: whoever made them is gone. */
  readonly releaseAll: () => void;
  /** Begins an attempt that is over at `until` (ms), unless it ends before. */
  readonly claim: (id: string, until: number) => void;
  /** What came of an attempt. False when another has begun since, or it was ended. */
  readonly end: (
    id: string,
    attempts: number,
    end: Pick<Delivery, 'state' | 'nextAt' | 'endAt' | 'problem'>,
  ) => Delivery | null;
  readonly count: (webhookId: string, cap: number) => DeliveryCount;
  readonly removeOfAlert: (alertId: string) => void;
  readonly removeOfWebhook: (webhookId: string) => void;
  /** Those that ended before `before` (ms); returns how many. */
  readonly removeEnded: (before: number, limit: number) => number;
}

type Row = {
  readonly id: string;
  readonly webhook: string;
  readonly alert: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly next_at: number;
  readonly created_at: number;
  readonly end_at: number | null;
  readonly problem: string;
};

function deliveryOf(row: Row): Delivery {
  return {
    id: row.id,
    webhookId: row.webhook,
    alertId: row.alert,
    state: row.state,
    attempts: row.attempts,
    nextAt: row.next_at,
    createdAt: row.created_at,
    endAt: row.end_at,
    problem: row.problem,
  };
}

export function createDeliveryRows(db: DatabaseSync): DeliveryRows {
  const insert = prepare(db, 'INSERT INTO deliveries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)');
  const ofAlert = prepare<Row>(db, 'SELECT * FROM deliveries WHERE alert = ? ORDER BY id');
  const due = prepare<Row>(
    db,
    `SELECT * FROM deliveries WHERE state = 'pending' AND next_at <= ?
       AND webhook NOT IN (SELECT value FROM json_each(?)) ORDER BY next_at LIMIT ?`,
  );
  const claim = prepare(
    db,
    'UPDATE deliveries SET attempts = attempts + 1, next_at = ?, claimed = 1 WHERE id = ?',
  );
  const end = prepare<Row>(
    db,
    `UPDATE deliveries SET state = ?, next_at = ?, end_at = ?, problem = ?, claimed = 0
     WHERE id = ? AND attempts = ? AND state = 'pending' RETURNING *`,
  );
  const release = prepare(
    db,
    `UPDATE deliveries SET next_at = 0, claimed = 0 WHERE state = 'pending' AND claimed = 1`,
  );
  const count = prepare<{ n: number }>(
    db,
    'SELECT count(*) AS n FROM (SELECT 1 FROM deliveries WHERE webhook = ? AND state = ? LIMIT ?)',
  );
  const removeOfAlert = prepare(db, 'DELETE FROM deliveries WHERE alert = ?');
  const removeOfWebhook = prepare(db, 'DELETE FROM deliveries WHERE webhook = ?');
  const removeEnded = prepare(
    db,
    'DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE end_at < ? ORDER BY end_at LIMIT ?)',
  );
  return {
    insert: ({ id, webhookId, alertId, state, attempts, nextAt, createdAt, endAt, problem }) => {
      insert.run(id, webhookId, alertId, state, attempts, nextAt, createdAt, endAt, problem);
    },
    ofAlert: (alertId) => ofAlert.all(alertId).map(deliveryOf),
    due: (now, limit, except) => due.all(now, JSON.stringify(except), limit).map(deliveryOf),
    releaseAll: () => {
      release.run();
    },
    claim: (id, until) => {
      claim.run(until, id);
    },
    end: (id, attempts, { state, nextAt, endAt, problem }) => {
      const [row] = end.all(state, nextAt, endAt, problem, id, attempts);
      return row === undefined ? null : deliveryOf(row);
    },
    count: (webhookId, cap) => ({
      pending: count.get(webhookId, 'pending', cap)?.n ?? 0,
      failed: count.get(webhookId, 'failed', cap)?.n ?? 0,
    }),
    removeOfAlert: (alertId) => {
      removeOfAlert.run(alertId);
    },
    removeOfWebhook: (webhookId) => {
      removeOfWebhook.run(webhookId);
    },
    removeEnded: (before, limit) => removeEnded.run(before, limit),
  };
}
