import type { DatabaseSync } from 'node:sqlite';
import type { Webhook } from '../../model/webhook.ts';
import type { Page, PageRequest } from '../port.ts';
import { afterId, pageOf, writeCursor } from './paging.ts';
import { prepare } from './statement.ts';

/** The rows of webhooks; who writes does so within a write. */
export interface WebhookRows {
  readonly read: (id: string) => Webhook | null;
  readonly all: () => readonly Webhook[];
  readonly list: (page: PageRequest) => Page<Webhook>;
  readonly insert: (webhook: Webhook) => void;
  /** All but its health. */
  readonly update: (webhook: Webhook) => void;
  readonly setHealth: (id: string, health: Webhook['health']) => void;
  readonly remove: (id: string) => void;
}

type Row = {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  readonly kinds: string;
  readonly secret: string;
  readonly previous_secret: string | null;
  readonly previous_until: number | null;
  readonly health: string;
  readonly version: number;
  readonly created_at: number;
  readonly updated_at: number;
};

function webhookOf(row: Row): Webhook {
  const { previous_secret: secret, previous_until: until } = row;
  return {
    id: row.id,
    url: row.url,
    description: row.description,
    kinds: JSON.parse(row.kinds),
    secret: row.secret,
    previousSecret: secret === null || until === null ? null : { secret, until },
    health: JSON.parse(row.health),
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** The columns that an edit may change, in the order of the statements below. */
function editable({ url, description, kinds, secret, previousSecret, version, updatedAt }: Webhook) {
  const previous = [previousSecret?.secret ?? null, previousSecret?.until ?? null];
  return [url, description, JSON.stringify(kinds), secret, ...previous, version, updatedAt];
}

export function createWebhookRows(db: DatabaseSync): WebhookRows {
  const select = prepare<Row>(db, 'SELECT * FROM webhooks WHERE id = ?');
  const all = prepare<Row>(db, 'SELECT * FROM webhooks ORDER BY id');
  const list = prepare<Row>(db, 'SELECT * FROM webhooks WHERE id > ? ORDER BY id LIMIT ?');
  const insert = prepare(
    db,
    `INSERT INTO webhooks (url, description, kinds, secret, previous_secret, previous_until, version, updated_at,
       id, health, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const update = prepare(
    db,
    `UPDATE webhooks SET url = ?, description = ?, kinds = ?, secret = ?, previous_secret = ?, previous_until = ?,
       version = ?, updated_at = ? WHERE id = ?`,
  );
  const setHealth = prepare(db, 'UPDATE webhooks SET health = ? WHERE id = ?');
  const remove = prepare(db, 'DELETE FROM webhooks WHERE id = ?');
  return {
    read: (id) => {
      const row = select.get(id);
      return row === undefined ? null : webhookOf(row);
    },
    all: () => all.all().map(webhookOf),
    list: ({ after, limit }) => {
      const rows = list.all(afterId('webhooks', after), limit + 1);
      return pageOf(rows, limit, webhookOf, ({ id }) => writeCursor('webhooks', [id]));
    },
    insert: (webhook) => {
      const { id, health, createdAt } = webhook;
      insert.run(...editable(webhook), id, JSON.stringify(health), createdAt);
    },
    update: (webhook) => {
      update.run(...editable(webhook), webhook.id);
    },
    setHealth: (id, health) => {
      setHealth.run(JSON.stringify(health), id);
    },
    remove: (id) => {
      remove.run(id);
    },
  };
}
