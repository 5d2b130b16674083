import { StoreError } from '../errors.ts';
import type { IdentityStore } from '../port.ts';
import type { Core } from './core.ts';
import { afterId, pageOf, writeCursor } from './paging.ts';
import { prepare } from './statement.ts';

type Denials = Pick<IdentityStore, 'findDenial' | 'denySubject' | 'allowSubject' | 'listDeniedSubjects'>;

/** Described as a type: only then is it a record to TypeScript. */
type Row = { readonly subject: string; readonly reason: string; readonly deniedAt: number };

const COLUMNS = 'subject, reason, denied_at AS deniedAt';

export function createDenials({ db, transactions, adminEvents, announce }: Core): Denials {
  const select = prepare<Row>(db, `SELECT ${COLUMNS} FROM denied_subjects WHERE subject = ?`);
  const put = prepare(db, 'INSERT OR REPLACE INTO denied_subjects VALUES (?, ?, ?)');
  const remove = prepare(db, 'DELETE FROM denied_subjects WHERE subject = ?');
  const list = prepare<Row>(
    db,
    `SELECT ${COLUMNS} FROM denied_subjects WHERE subject > ? ORDER BY subject LIMIT ?`,
  );
  const find = (subject: string): Row | null => {
    const row = select.get(subject);
    return row === undefined ? null : { ...row };
  };
  return {
    findDenial: async (subject) => transactions.read(() => find(subject)),
    denySubject: async (subject, edit) => {
      const { row, event } = transactions.write(() => {
        const edited = edit(find(subject));
        if (edited.event === null) return edited;
        put.run(subject, edited.row.reason, edited.row.deniedAt);
        adminEvents.append(edited.event);
        return edited;
      });
      if (event !== null) announce({ kind: 'subject', id: subject });
      return row;
    },
    allowSubject: async (subject, check) => {
      transactions.write(() => {
        const denial = find(subject);
        if (denial === null) throw new StoreError('not-found', `subject ${subject} is not denied`);
        const event = check(denial);
        remove.run(subject);
        adminEvents.append(event);
      });
      announce({ kind: 'subject', id: subject });
    },
    listDeniedSubjects: async (page) =>
      transactions.read(() => {
        const rows = list.all(afterId('denied_subjects', page.after), page.limit + 1);
        return pageOf(
          rows,
          page.limit,
          (row) => ({ ...row }),
          (row) => writeCursor('denied_subjects', [row.subject]),
        );
      }),
  };
}
