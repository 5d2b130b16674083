import { isDeepStrictEqual } from 'node:util';
import type { Document } from 'mongodb';
import type { KeyState } from '../../model/key.ts';
import { StoreError } from '../errors.ts';
import type { MongoContext } from './context.ts';
import { fromStateDocument, type KeyDocument, type StateDocument, toStateDocument } from './key-document.ts';
import type { KeyName } from './send-take.ts';

/*
 * Changes of keys' rows that are worked out here and not by the server: a row is read, with the store's moment of the
 * read, and written on the condition that nobody has written it since.
 */

/** All of a row that its state is made of, and what tells who wrote it last. */
export const SEEN_PROJECTION = {
  tierId: 1,
  state: 1,
  stateReason: 1,
  expireAt: 1,
  revision: 1,
  placed: 1,
  takenAt: 1,
  meters: 1,
  budgets: 1,
  epoch: 1,
  open: 1,
  ready: 1,
  due: 1,
  lastRank: 1,
  freshRank: 1,
  traits: 1,
  health: 1,
  holds: 1,
  smart: 1,
  turn: 1,
  took: 1,
  earlier: 1,
  now: { $toLong: '$$NOW' },
} as const;

/** A row as it was read at the store's moment `now` (ms). */
export type SeenRow = StateDocument &
  Pick<KeyDocument, '_id' | 'tierId' | 'stateReason' | 'placed' | 'turn' | 'took' | 'earlier'> & {
    readonly now: number;
  };

/** What a change makes of a row; other fields than the state's as the update sets them. */
export interface KeyChange {
  readonly state: KeyState;
  readonly set?: Partial<
    Pick<KeyDocument, 'stateReason' | 'updatedAt' | 'placed' | 'took' | 'earlier' | 'takenBy' | 'parkAt'>
  >;
  readonly unset?: readonly 'outExpired'[];
}

const NONE = { $exists: false } as const;

/** Tries of a change that others' writes get in the way of. */
const TRIES_MAX = 12;
/** So few are written each on its own, which tells of each. */
const SINGLE_MAX = 4;

/** Reads rows for a change. `majority`: only what cannot be lost any more. By key id. */
async function readSeen(
  { rows }: MongoContext,
  names: readonly KeyName[],
  readConcern: 'local' | 'majority' = 'local',
): Promise<ReadonlyMap<string, SeenRow>> {
  const found = await rows.keys
    .find(named(names), { readConcern: { level: readConcern } })
    .project<SeenRow>(SEEN_PROJECTION)
    .hint({ _id: 1 })
    .batchSize(names.length + 1)
    .toArray();
  return new Map(found.map((row) => [row._id, row]));
}

/** The filter of rows by name, which leads to their shards. */
export function named(names: readonly KeyName[]) {
  return {
    _id: { $in: names.map(({ keyId }) => keyId) },
    tierId: { $in: [...new Set(names.map(({ tierId }) => tierId))] },
  };
}

/** The update that brings a row as it was read to `change`, on the condition that it is as it was read. */
export function changeOf(context: MongoContext, row: SeenRow, { state, set, unset = [] }: KeyChange) {
  const seen = fromStateDocument(row);
  if (seen.budgets.length > 0) context.budgetWatch.see(row._id, seen.budgets);
  if (state.budgets.length > 0) context.budgetWatch.foresee(row._id, state.budgets);
  const before: Document = toStateDocument(seen);
  const after: Document = toStateDocument(state);
  const changed = Object.entries(after).filter(([name, value]) => !isDeepStrictEqual(value, before[name]));
  const gone = Object.keys(before).filter((name) => !(name in after));
  if (after.smart === undefined && row.smart !== undefined && !gone.includes('smart')) gone.push('smart');
  const absent = [...gone, ...unset];
  return {
    filter: {
      _id: row._id,
      tierId: row.tierId,
      turn: row.turn ?? NONE,
      'took.take': row.took?.take ?? NONE,
    },
    update: {
      $set: {
        ...Object.fromEntries(changed),
        ...(after.smart === true ? { smart: true as const } : {}),
        ...set,
        turn: context.options.newId(),
      },
      ...(absent.length === 0
        ? {}
        : { $unset: Object.fromEntries(absent.map((name) => [name, true as const])) }),
    },
  };
}

/**
 * Changes rows, each by what `decide` makes of it as it is read; rows that it leaves out stay as they are. It is asked
 * again for rows that others wrote meanwhile (`names`: for which it is asked), also where its change was made and not seen to be: what it does must be
 * seen in the row. Gives how many changes it made. Errors: `unavailable` where others are always first.
 */
export async function changeKeys(
  context: MongoContext,
  names: readonly KeyName[],
  decide: (rows: readonly SeenRow[], names: readonly KeyName[]) => Promise<ReadonlyMap<string, KeyChange>>,
  readConcern: 'local' | 'majority' = 'local',
): Promise<number> {
  let changed = 0;
  let left = names;
  for (let tries = 0; left.length > 0; tries += 1) {
    if (tries === TRIES_MAX)
      throw new StoreError('unavailable', 'The change of a key met too many others at the same time.');
    const rows = await readSeen(context, left, readConcern);
    const changes = [...(await decide([...rows.values()], left))].flatMap(([keyId, change]) => {
      const row = rows.get(keyId);
      return row === undefined
        ? []
        : [{ keyId, budgets: change.state.budgets, ...changeOf(context, row, change) }];
    });
    if (changes.length === 0) break;
    const { count, missed } = await write(context, changes).finally(() => {
      // Whoever looked at what was foreseen may have done so before the write.
      for (const { keyId, budgets } of changes)
        if (budgets.length > 0) context.budgetWatch.foresee(keyId, budgets);
    });
    // What was read ahead of them before would be refused.
    for (const { keyId } of changes) context.ahead.taken(keyId);
    changed += count;
    left = left.filter(({ keyId }) => missed.has(keyId));
  }
  return changed;
}

interface Write extends ReturnType<typeof changeOf> {
  readonly keyId: string;
}

/** Writes changes; `missed`: those that may not have been made. */
async function write({ rows }: MongoContext, changes: readonly Write[]) {
  if (changes.length <= SINGLE_MAX) {
    const counts = await Promise.all(
      changes.map(
        async ({ filter, update }) =>
          (await rows.keys.updateOne(filter, update, { hint: { _id: 1 } })).matchedCount,
      ),
    );
    const missed = new Set(changes.flatMap(({ keyId }, i) => (counts[i] === 0 ? [keyId] : [])));
    return { count: changes.length - missed.size, missed };
  }
  const { matchedCount } = await rows.keys.bulkWrite(
    changes.map(({ filter, update }) => ({ updateOne: { filter, update, hint: { _id: 1 } } })),
    { ordered: false },
  );
  const isWhole = matchedCount === changes.length;
  return { count: matchedCount, missed: new Set(isWhole ? [] : changes.map(({ keyId }) => keyId)) };
}
