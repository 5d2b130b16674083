import type { OwnerCredits } from '../../model/credit.ts';
import type { CreditStore } from '../port.ts';
import { writeEvents } from './admin-events.ts';
import type { OwnerCreditsDocument } from './collections.ts';
import type { MongoContext } from './context.ts';
import { atEdge } from './driver-errors.ts';
import { pageById } from './paging.ts';
import { transact } from './transaction.ts';

type OwnerPart = Pick<CreditStore, 'getOwnerCredits' | 'listOwnerCredits' | 'editOwnerCredits'>;

function fromDocument({ _id: owner, ...row }: OwnerCreditsDocument): OwnerCredits {
  return { owner, ...row };
}

/** Owners that have a pool of their own. */
export function createOwnerCredits(context: MongoContext): OwnerPart {
  const { rows, announce } = context;
  return {
    getOwnerCredits: (owner) =>
      atEdge(async () => {
        const document = await rows.ownerCredits.findOne({ _id: owner });
        return document === null ? null : fromDocument(document);
      }),
    listOwnerCredits: (page) => atEdge(() => pageById(rows.ownerCredits, {}, page, fromDocument)),
    editOwnerCredits: (owner, edit) =>
      atEdge(async () => {
        const { row, event } = await transact(context, async (session) => {
          const document = await rows.ownerCredits.findOne({ _id: owner }, { session });
          const edited = edit(document === null ? null : fromDocument(document));
          if (edited.event === null) return edited;
          if (edited.row === null) await rows.ownerCredits.deleteOne({ _id: owner }, { session });
          else {
            const { owner: _id, ...fields } = edited.row;
            await rows.ownerCredits.replaceOne({ _id }, fields, { session, upsert: true });
          }
          await writeEvents(context, [edited.event], session);
          return edited;
        });
        if (event !== null) announce({ kind: 'owner', id: owner });
        return row;
      }),
  };
}
