import type { QuotaGroup } from '../../model/quota-group.ts';
import { StoreError } from '../errors.ts';
import type { QuotaGroupStore } from '../port.ts';
import { writeEvents } from './admin-events.ts';
import type { MongoContext } from './context.ts';
import { atEdge } from './driver-errors.ts';
import { fromGroupDocument, groupFields } from './group-document.ts';
import { wakeMembers } from './group-members.ts';
import { pageById } from './paging.ts';
import { serverNow } from './server-now.ts';
import { transact } from './transaction.ts';

export function createQuotaGroups(context: MongoContext): QuotaGroupStore {
  const { rows } = context;
  return {
    createGroup: (group, event) =>
      atEdge(() =>
        transact(context, async (session) => {
          const fields = groupFields(group, context.options.newId(), null);
          await rows.groups.insertOne({ _id: group.id, ...fields }, { session });
          await writeEvents(context, [event], session);
        }),
      ),
    getGroup: (id) =>
      atEdge(async () => {
        const row = await rows.groups.findOne({ _id: id });
        return row === null ? null : fromGroupDocument(row);
      }),
    listGroups: (page) => atEdge(() => pageById(rows.groups, {}, page, fromGroupDocument)),
    editGroup: (id, edit) => atEdge(() => editGroup(context, id, edit)),
    deleteGroup: (id, check) => atEdge(() => deleteGroup(context, id, check)),
  };
}

function noSuchGroup(id: string): StoreError {
  return new StoreError('not-found', `There is no quota group "${id}".`);
}

/** What its keys are to try for is in the row before they are let try, so that a crash in between costs nothing. */
async function editGroup(
  context: MongoContext,
  id: string,
  edit: Parameters<QuotaGroupStore['editGroup']>[1],
): Promise<QuotaGroup> {
  const { groups } = context.rows;
  const turn = context.options.newId();
  const { row, event } = await transact(context, async (session) => {
    // Takes wait for the transaction's end from here on.
    const before = await groups.findOneAndUpdate(
      { _id: id },
      { $inc: { touches: 1 } },
      { session, returnDocument: 'after' },
    );
    if (before === null) throw noSuchGroup(id);
    const edited = edit(fromGroupDocument(before), await serverNow(groups, { _id: id }, session));
    if (edited.event === null) {
      await session.abortTransaction();
      return edited;
    }
    const fields = groupFields(edited.row, turn, before);
    const update = {
      $set: { ...fields, wakes: turn },
      ...('openEnd' in fields ? {} : { $unset: { openEnd: true as const } }),
    };
    await groups.updateOne({ _id: id }, update, { session });
    await writeEvents(context, [edited.event], session);
    return edited;
  });
  if (event !== null) await wakeMembers(context, id, turn);
  return row;
}

async function deleteGroup(
  context: MongoContext,
  id: string,
  check: Parameters<QuotaGroupStore['deleteGroup']>[1],
): Promise<void> {
  const { groups, keys } = context.rows;
  await transact(context, async (session) => {
    const row = await groups.findOneAndDelete({ _id: id }, { session });
    if (row === null) throw noSuchGroup(id);
    const event = check(fromGroupDocument(row));
    if ((await keys.findOne({ 'traits.groupId': id }, { session, projection: { _id: 1 } })) !== null)
      throw new StoreError('not-empty', `The quota group "${id}" has keys.`);
    await writeEvents(context, [event], session);
  });
}
