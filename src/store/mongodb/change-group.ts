import { isDeepStrictEqual } from 'node:util';
import { MongoError } from 'mongodb';
import { type GroupState, groupNextAt, type QuotaGroup } from '../../model/quota-group.ts';
import { StoreError } from '../errors.ts';
import type { MongoContext } from './context.ts';
import { fromGroupDocument, type GroupDocument, groupFields } from './group-document.ts';
import { CONFIRMED_READ } from './send-take.ts';

/*
 * Changes of a quota group's row: it is read, with the store's moment of the read, and written on the condition that
 * nobody has written it since.
 */

const TRIES_MAX = 20;

/** A row as it was read at the store's moment `now` (ms). */
export type SeenGroup = GroupDocument & { readonly now: number };

/**
 * A group after a change; `turn`: the write that made it, or that was there when nothing changed; `wakes`: it had no unit
 * before, so that its keys are to be let try.
 */
export interface ChangedGroup {
  readonly wakes: boolean;
  readonly before: QuotaGroup;
  readonly after: QuotaGroup;
  readonly now: number;
  readonly turn: string;
}

export async function readGroup(
  { rows }: MongoContext,
  id: string,
  readConcern: 'local' | 'majority' = 'local',
): Promise<SeenGroup | null> {
  return rows.groups
    .aggregate<SeenGroup>([{ $match: { _id: id } }, { $set: { now: { $toLong: '$$NOW' } } }], {
      readConcern: { level: readConcern },
    })
    .next();
}

/**
 * Changes a group by what `change` makes of its row as it is read, between others' changes; the state as it was for
 * nothing. Null when there is no such group. Errors: the driver's, where it may have been changed or not.
 */
export async function changeGroup(
  context: MongoContext,
  id: string,
  change: (group: QuotaGroup, now: number) => GroupState | Promise<GroupState>,
  { wakes = false, readConcern = 'local' as 'local' | 'majority' } = {},
): Promise<ChangedGroup | null> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const row = await readGroup(context, id, readConcern);
    if (row === null) return null;
    const before = fromGroupDocument(row);
    const now = Math.max(row.now, before.takenAt);
    const state = await change(before, now);
    const after: QuotaGroup = { ...before, ...state };
    if (isDeepStrictEqual(after, before)) return { before, after: before, now, turn: row.turn, wakes: false };
    const turn = context.options.newId();
    const fields = groupFields(after, turn, row);
    // It may have units again that its keys do not know of.
    const isBack = wakes && groupNextAt(before, 1, now) !== now;
    const update = {
      $set: { ...fields, ...(isBack ? { wakes: turn } : {}) },
      ...('openEnd' in fields ? {} : { $unset: { openEnd: true } }),
    };
    if (await write(context, row, update, turn)) return { before, after, now, turn, wakes: isBack };
  }
  throw new StoreError(
    'unavailable',
    `The quota group "${id}" was changed by too many others at the same time.`,
  );
}

/** True when it was written; false when another was first. */
async function write(
  context: MongoContext,
  row: GroupDocument,
  update: object,
  turn: string,
): Promise<boolean> {
  const { groups } = context.rows;
  try {
    const { matchedCount } = await groups.updateOne({ _id: row._id, turn: row.turn }, update);
    return matchedCount === 1;
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
    // The reply was lost: the row tells, once a majority has it, whether it was written.
    const stored = await groups.findOne({ _id: row._id }, CONFIRMED_READ).catch(() => null);
    if (stored !== null && (stored.turn === turn || stored.earlierTurns.includes(turn))) return true;
    throw error;
  }
}
