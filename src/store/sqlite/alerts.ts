import type { DatabaseSync } from 'node:sqlite';
import type { Alert, AlertKind, AlertState } from '../../model/alert.ts';
import type { AlertFilter, Page, PageRequest } from '../port.ts';
import { pageOf, readCursor, writeCursor } from './paging.ts';
import { prepare } from './statement.ts';
import { createStatementCache } from './statement-cache.ts';
import { createWhere } from './where.ts';

/** The rows of alerts; who writes does so within a write. */
export interface AlertRows {
  readonly read: (id: string) => Alert | null;
  /** False when there is one of that occurrence. */
  readonly insert: (alert: Alert) => boolean;
  /** With another occurrence where that one may come again. False when it is not open. */
  readonly close: (id: string, occurrence: string, at: number) => boolean;
  /** Newest first. */
  readonly list: (filter: AlertFilter, page: PageRequest) => Page<Alert>;
  /** Ids of those closed before `before` (ms). */
  readonly closedBefore: (before: number, limit: number) => readonly string[];
  readonly remove: (id: string) => void;
}

type Row = {
  readonly id: string;
  readonly occurrence: string;
  readonly kind: AlertKind;
  readonly state: AlertState;
  readonly tier: string;
  readonly feature: string;
  readonly key: string;
  readonly quota_group: string;
  readonly message: string;
  readonly open_at: number;
  readonly close_at: number | null;
};

function alertOf(row: Row): Alert {
  return {
    id: row.id,
    occurrence: row.occurrence,
    kind: row.kind,
    state: row.state,
    tierId: row.tier,
    feature: row.feature,
    keyId: row.key,
    groupId: row.quota_group,
    message: row.message,
    openAt: row.open_at,
    closeAt: row.close_at,
  };
}

/** After all ids. */
const LAST = '\uffff';

export function createAlertRows(db: DatabaseSync): AlertRows {
  const select = prepare<Row>(db, 'SELECT * FROM alerts WHERE id = ?');
  const insert = prepare(
    db,
    `INSERT INTO alerts (id, occurrence, kind, state, tier, feature, key, quota_group, message, open_at, close_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (occurrence) DO NOTHING`,
  );
  const close = prepare(
    db,
    `UPDATE alerts SET state = 'closed', occurrence = ?, close_at = ? WHERE id = ? AND state = 'open'`,
  );
  const closed = prepare<{ id: string }>(
    db,
    'SELECT id FROM alerts WHERE close_at < ? ORDER BY close_at LIMIT ?',
  );
  const remove = prepare(db, 'DELETE FROM alerts WHERE id = ?');
  const statement = createStatementCache(db);
  return {
    read: (id) => {
      const row = select.get(id);
      return row === undefined ? null : alertOf(row);
    },
    insert: ({ id, occurrence, kind, state, tierId, feature, keyId, groupId, message, openAt, closeAt }) =>
      insert.run(id, occurrence, kind, state, tierId, feature, keyId, groupId, message, openAt, closeAt) > 0,
    close: (id, occurrence, at) => close.run(occurrence, at, id) > 0,
    list: ({ state, kind }, { after, limit }) => {
      const before = after === null ? LAST : String(readCursor('alerts', ['string'], after)[0]);
      const where = createWhere('id < ?', before);
      where.add('state = ?', state);
      where.add('kind = ?', kind);
      const sql = `SELECT * FROM alerts WHERE ${where.sql()} ORDER BY id DESC LIMIT ?`;
      const rows = statement<Row>(sql).all(...where.values, limit + 1);
      return pageOf(rows, limit, alertOf, ({ id }) => writeCursor('alerts', [id]));
    },
    closedBefore: (before, limit) => closed.all(before, limit).map(({ id }) => id),
    remove: (id) => {
      remove.run(id);
    },
  };
}
