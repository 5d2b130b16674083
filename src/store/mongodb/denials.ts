import type { DeniedSubject } from '../../model/subject.ts';
import { StoreError } from '../errors.ts';
import type { IdentityStore } from '../port.ts';
import { writeEvents } from './admin-events.ts';
import type { DeniedSubjectDocument } from './collections.ts';
import type { MongoContext } from './context.ts';
import { atEdge } from './driver-errors.ts';
import { pageById } from './paging.ts';
import { transact } from './transaction.ts';

type Denials = Pick<IdentityStore, 'findDenial' | 'denySubject' | 'allowSubject' | 'listDeniedSubjects'>;

function fromDocument({ _id, reason, deniedAt }: DeniedSubjectDocument): DeniedSubject {
  return { subject: _id, reason, deniedAt };
}

export function createDenials(context: MongoContext): Denials {
  const { rows, announce } = context;
  return {
    findDenial: (subject) =>
      atEdge(async () => {
        const row = await rows.deniedSubjects.findOne({ _id: subject });
        return row === null ? null : fromDocument(row);
      }),
    denySubject: (subject, edit) =>
      atEdge(async () => {
        const edited = await transact(context, async (session) => {
          const before = await rows.deniedSubjects.findOne({ _id: subject }, { session });
          const { row, event } = edit(before === null ? null : fromDocument(before));
          if (event === null) return { row, event };
          const { reason, deniedAt } = row;
          await rows.deniedSubjects.replaceOne(
            { _id: subject },
            { reason, deniedAt },
            { session, upsert: true },
          );
          await writeEvents(context, [event], session);
          return { row, event };
        });
        if (edited.event !== null) announce({ kind: 'subject', id: subject });
        return edited.row;
      }),
    allowSubject: (subject, check) =>
      atEdge(async () => {
        await transact(context, async (session) => {
          const row = await rows.deniedSubjects.findOneAndDelete({ _id: subject }, { session });
          if (row === null) throw new StoreError('not-found', `Subject "${subject}" is not denied.`);
          await writeEvents(context, [check(fromDocument(row))], session);
        });
        announce({ kind: 'subject', id: subject });
      }),
    listDeniedSubjects: (page) => atEdge(() => pageById(rows.deniedSubjects, {}, page, fromDocument)),
  };
}
