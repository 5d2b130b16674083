import type { DatabaseSync } from 'node:sqlite';
import type { OwnerCredits } from '../../model/credit.ts';
import type { Page, PageRequest } from '../port.ts';
import { afterId, pageOf, writeCursor } from './paging.ts';
import { prepare } from './statement.ts';

/** Rows of owners that have a pool of their own. Writes within a write. */
export interface OwnerCreditsRows {
  readonly read: (owner: string) => OwnerCredits | null;
  readonly write: (row: OwnerCredits) => void;
  readonly remove: (owner: string) => void;
  readonly list: (page: PageRequest) => Page<OwnerCredits>;
}

type Row = {
  readonly owner: string;
  readonly credits_per_minute: number;
  readonly updated_at: number;
};

function creditsOf({
  owner,
  credits_per_minute: creditsPerMinute,
  updated_at: updatedAt,
}: Row): OwnerCredits {
  return { owner, creditsPerMinute, updatedAt };
}

export function createOwnerCreditsRows(db: DatabaseSync): OwnerCreditsRows {
  const select = prepare<Row>(db, 'SELECT * FROM owner_credits WHERE owner = ?');
  const replace = prepare(db, 'INSERT OR REPLACE INTO owner_credits VALUES (?, ?, ?)');
  const remove = prepare(db, 'DELETE FROM owner_credits WHERE owner = ?');
  const list = prepare<Row>(db, 'SELECT * FROM owner_credits WHERE owner > ? ORDER BY owner LIMIT ?');
  return {
    read: (owner) => {
      const row = select.get(owner);
      return row === undefined ? null : creditsOf(row);
    },
    write: ({ owner, creditsPerMinute, updatedAt }) => {
      replace.run(owner, creditsPerMinute, updatedAt);
    },
    remove: (owner) => {
      remove.run(owner);
    },
    list: ({ after, limit }) => {
      const rows = list.all(afterId('owner-credits', after), limit + 1);
      return pageOf(rows, limit, creditsOf, ({ owner }) => writeCursor('owner-credits', [owner]));
    },
  };
}
