import type { DatabaseSync } from 'node:sqlite';
import type { Actor, AdminEvent, FieldChange, ResourceType } from '../../model/audit.ts';
import type { AdminEventFilter, Page, PageRequest } from '../port.ts';
import { beforeMoment, pageOf, writeCursor } from './paging.ts';
import { prepare } from './statement.ts';
import { createStatementCache } from './statement-cache.ts';
import { createWhere } from './where.ts';

export interface AdminEvents {
  /** Within a write. */
  readonly append: (event: AdminEvent) => void;
  /** Newest first. */
  readonly list: (filter: AdminEventFilter, page: PageRequest) => Page<AdminEvent>;
}

type Row = {
  readonly no: number;
  readonly id: string;
  readonly at: number;
  readonly actor: string;
  readonly actor_name: string | null;
  readonly action: string;
  readonly resource_type: ResourceType;
  readonly resource_id: string;
  readonly changes: string;
  readonly request_id: string;
  readonly peer_address: string;
};

/** How the root token stands in the column of actors; consumers stand there with their ids. */
const ROOT = 'root';

function actorOf(row: Row): Actor {
  if (row.actor_name === null) return { kind: 'root' };
  return { kind: 'consumer', id: row.actor, name: row.actor_name };
}

function eventOf(row: Row): AdminEvent {
  return {
    id: row.id,
    at: row.at,
    actor: actorOf(row),
    action: row.action,
    resourceType: row.resource_type,
    resourceId: row.resource_id,
    changes: JSON.parse(row.changes) as FieldChange[],
    requestId: row.request_id,
    peerAddress: row.peer_address,
  };
}

export function createAdminEvents(db: DatabaseSync): AdminEvents {
  const insert = prepare(
    db,
    `INSERT INTO admin_events (id, at, actor, actor_name, action, resource_type, resource_id, changes, request_id,
       peer_address) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const statement = createStatementCache(db);
  return {
    append: (event) => {
      const { actor } = event;
      insert.run(
        event.id,
        event.at,
        actor.kind === 'root' ? ROOT : actor.id,
        actor.kind === 'root' ? null : actor.name,
        event.action,
        event.resourceType,
        event.resourceId,
        JSON.stringify(event.changes),
        event.requestId,
        event.peerAddress,
      );
    },
    list: (filter, page) => {
      const where = createWhere('(at, no) < (?, ?)', ...beforeMoment('admin', page.after, filter.endAt));
      where.add('resource_type = ?', filter.resourceType);
      where.add('resource_id = ?', filter.resourceId);
      where.add('actor = ?', filter.actor);
      where.add('at >= ?', filter.startAt);
      const rows = statement<Row>(
        `SELECT * FROM admin_events WHERE ${where.sql()} ORDER BY at DESC, no DESC LIMIT ?`,
      ).all(...where.values, page.limit + 1);
      return pageOf(rows, page.limit, eventOf, (row) => writeCursor('admin', [row.at, row.no]));
    },
  };
}
