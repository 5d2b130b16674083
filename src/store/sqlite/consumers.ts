import type { DatabaseSync } from 'node:sqlite';
import type { Consumer } from '../../model/consumer.ts';
import type { ConsumerFilter, Page, PageRequest } from '../port.ts';
import { afterId, pageOf, writeCursor } from './paging.ts';
import { prepare } from './statement.ts';
import { createStatementCache } from './statement-cache.ts';
import { createWhere } from './where.ts';

/** The rows of consumers with their grants; who writes does so within a write. */
export interface ConsumerRows {
  readonly insert: (consumer: Consumer) => void;
  readonly read: (id: string) => Consumer | null;
  /** By the hash of its token, or of the one before while that is accepted at `now` (ms). */
  readonly readByTokenHash: (tokenHash: string, now: number) => Consumer | null;
  readonly update: (consumer: Consumer) => void;
  readonly remove: (id: string) => void;
  readonly list: (filter: ConsumerFilter, page: PageRequest) => Page<Consumer>;
  /** Moves the moment of last use forward, never back. */
  readonly touch: (id: string, usedAt: number) => void;
}

type Row = {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly owner: string;
  readonly environment: Consumer['environment'];
  readonly scopes: string;
  readonly allowed_ips: string;
  readonly credits_per_minute: number | null;
  readonly state: Consumer['state'];
  readonly expire_at: number | null;
  readonly token_hash: string;
  readonly last_used_at: number | null;
  readonly version: number;
  readonly created_at: number;
  readonly updated_at: number;
  readonly credit_limits: string;
  readonly previous_token_hash: string | null;
  readonly previous_token_expire_at: number | null;
  readonly revocation_reason: string | null;
  readonly revoked_at: number | null;
};

function previousTokenOf(row: Row): Consumer['previousToken'] {
  const { previous_token_hash: hash, previous_token_expire_at: expireAt } = row;
  return hash === null || expireAt === null ? null : { hash, expireAt };
}

function revocationOf(row: Row): Consumer['revocation'] {
  const { revocation_reason: reason, revoked_at: at } = row;
  return reason === null || at === null ? null : { reason, at };
}

function consumerOf(row: Row, grantedTierIds: readonly string[]): Consumer {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    owner: row.owner,
    environment: row.environment,
    scopes: JSON.parse(row.scopes) as string[],
    allowedIps: JSON.parse(row.allowed_ips) as string[],
    creditsPerMinute: row.credits_per_minute,
    creditLimits: JSON.parse(row.credit_limits) as Consumer['creditLimits'],
    state: row.state,
    revocation: revocationOf(row),
    expireAt: row.expire_at,
    tokenHash: row.token_hash,
    previousToken: previousTokenOf(row),
    grantedTierIds,
    lastUsedAt: row.last_used_at,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** All columns, in the order of the table. */
function columns(consumer: Consumer): (string | number | null)[] {
  return [
    consumer.id,
    consumer.name,
    consumer.description,
    consumer.owner,
    consumer.environment,
    JSON.stringify(consumer.scopes),
    JSON.stringify(consumer.allowedIps),
    consumer.creditsPerMinute,
    consumer.state,
    consumer.expireAt,
    consumer.tokenHash,
    consumer.lastUsedAt,
    consumer.version,
    consumer.createdAt,
    consumer.updatedAt,
    JSON.stringify(consumer.creditLimits),
    consumer.previousToken?.hash ?? null,
    consumer.previousToken?.expireAt ?? null,
    consumer.revocation?.reason ?? null,
    consumer.revocation?.at ?? null,
  ];
}

/** The tiers granted to a consumer, in the order in which they were given. */
function createGrants(db: DatabaseSync) {
  const select = prepare<{ tier: string }>(
    db,
    'SELECT tier FROM grants WHERE consumer = ? ORDER BY position',
  );
  const insert = prepare(db, 'INSERT INTO grants VALUES (?, ?, ?)');
  const remove = prepare(db, 'DELETE FROM grants WHERE consumer = ?');
  return {
    read: (consumer: string): readonly string[] => select.all(consumer).map((row) => row.tier),
    write: (consumer: string, tierIds: readonly string[]): void => {
      remove.run(consumer);
      for (const [position, tierId] of tierIds.entries()) insert.run(consumer, position, tierId);
    },
  };
}

export function createConsumerRows(db: DatabaseSync): ConsumerRows {
  const grants = createGrants(db);
  const insert = prepare(
    db,
    'INSERT INTO consumers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const update = prepare(
    db,
    `UPDATE consumers SET id = ?, name = ?, description = ?, owner = ?, environment = ?, scopes = ?, allowed_ips = ?,
       credits_per_minute = ?, state = ?, expire_at = ?, token_hash = ?, last_used_at = ?, version = ?,
       created_at = ?, updated_at = ?, credit_limits = ?, previous_token_hash = ?, previous_token_expire_at = ?,
       revocation_reason = ?, revoked_at = ? WHERE id = ?`,
  );
  const remove = prepare(db, 'DELETE FROM consumers WHERE id = ?');
  const byId = prepare<Row>(db, 'SELECT * FROM consumers WHERE id = ?');
  const byTokenHash = prepare<Row>(db, 'SELECT * FROM consumers WHERE token_hash = ?');
  const byPreviousHash = prepare<Row>(
    db,
    'SELECT * FROM consumers WHERE previous_token_hash = ? AND previous_token_expire_at > ?',
  );
  const touch = prepare(
    db,
    'UPDATE consumers SET last_used_at = max(coalesce(last_used_at, 0), ?) WHERE id = ?',
  );
  const statement = createStatementCache(db);
  const whole = (row: Row): Consumer => consumerOf(row, grants.read(row.id));
  const found = (row: Row | undefined): Consumer | null => (row === undefined ? null : whole(row));
  return {
    read: (id) => found(byId.get(id)),
    readByTokenHash: (tokenHash, now) =>
      found(byTokenHash.get(tokenHash) ?? byPreviousHash.get(tokenHash, now)),
    insert: (consumer) => {
      insert.run(...columns(consumer));
      grants.write(consumer.id, consumer.grantedTierIds);
    },
    update: (consumer) => {
      update.run(...columns(consumer), consumer.id);
      grants.write(consumer.id, consumer.grantedTierIds);
    },
    remove: (id) => {
      remove.run(id);
      grants.write(id, []);
    },
    touch: (id, usedAt) => {
      touch.run(usedAt, id);
    },
    list: (filter, page) => {
      const where = createWhere('id > ?', afterId('consumers', page.after));
      where.add('owner = ?', filter.owner);
      where.add('environment = ?', filter.environment);
      where.add('state = ?', filter.state);
      where.add('state <> ?', filter.exceptState);
      const rows = statement<Row>(`SELECT * FROM consumers WHERE ${where.sql()} ORDER BY id LIMIT ?`).all(
        ...where.values,
        page.limit + 1,
      );
      return pageOf(rows, page.limit, whole, (row) => writeCursor('consumers', [row.id]));
    },
  };
}
