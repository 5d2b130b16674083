import {
  type Document,
  MongoBulkWriteError,
  MongoError,
  MongoNetworkTimeoutError,
  MongoServerError,
  MongoWriteConcernError,
} from 'mongodb';
import type { Took } from '../../model/take.ts';
import { guardMs, type Limit } from '../../model/tier.ts';
import type { MongoContext } from './context.ts';
import { sendDecided } from './decided-takes.ts';
import type { DrawContext } from './draw-context.ts';
import type { KeyDocument, StoredBudget } from './key-document.ts';
import type { PreparedTake } from './send-takes.ts';
import { formFilter, formUpdate, GENERAL_FORM, type UpdateForm } from './take-form.ts';

/** The least leaves a majority, where it is waited for, the time to confirm, also on a busy machine. */
const TAKE_MAX_MS = { least: 750, most: 1000 } as const;
const MAX_TIME_EXPIRED = 50;

/** What a take's answer shows of the row. */
export const ROW_PROJECTION = {
  took: 1,
  earlier: 1,
  name: 1,
  value: 1,
  secrets: 1,
  metadata: 1,
  expireAt: 1,
  'budgets.windowMs': 1,
  'budgets.guardMs': 1,
  'budgets.limit': 1,
  'budgets.used': 1,
  'budgets.epoch': 1,
} as const;

/** What comes back of a key's row with a take. */
export type TakenRow = Pick<KeyDocument, '_id' | 'name' | 'value' | 'secrets' | 'metadata' | 'expireAt'> & {
  readonly took: Took;
  /** Takes before the last one. */
  readonly earlier?: readonly Pick<Took, 'take' | 'at'>[];
  readonly budgets: readonly Pick<StoredBudget, 'windowMs' | 'guardMs' | 'limit' | 'used' | 'epoch'>[];
};

/** What a take got of its key's quota group: in its row it stays open for `n` units until its audit is settled. */
export interface GroupPart {
  readonly groupId: string;
  readonly n: number;
  /** The moment by which the group counts them (ms). */
  readonly at: number;
  readonly budgeted: boolean;
  /** As of a key: a value may leave for half of the shortest. */
  readonly guards: readonly number[];
}

/**
 * What became of a take. `gone`: there is no such key. `expired`: the server gave it up, since another held the row for
 * too long. `unknown`: it may have happened, or still happen; what it took stays counted until it is recovered, or
 * leaves its windows.
 */
export type TakeReply =
  | {
      readonly kind: 'took';
      readonly row: TakenRow;
      readonly sentAt: number;
      /** In which it was sent, for its audit to confirm; null where a majority has. */
      readonly election: string | null;
      readonly group?: GroupPart | null;
      /** Of the key's budgets, where the row does not show them all. */
      readonly guards?: readonly number[];
    }
  | { readonly kind: 'gone' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'unknown'; readonly cause: unknown };

export interface KeyName {
  readonly tierId: string;
  readonly keyId: string;
}

/** Sends one take, first in the form that fits the row as it was read; `election` as for {@link sendTakes}. */
export async function sendTake(
  context: DrawContext,
  prepared: PreparedTake,
  election: string | null,
): Promise<TakeReply> {
  const {
    key: { tierId, keyId },
    request,
    form,
  } = prepared;
  const decided = async () =>
    (await sendDecided(context, [prepared])).get(prepared)?.reply ?? { kind: 'gone' };
  if (form.kind === 'decided') return decided();
  const sentAt = context.options.clock.monotonicMs();
  const maxTimeMS = takeMaxMs(request.limits);
  const attempt = (as: UpdateForm) =>
    context.rows.keys.findOneAndUpdate(
      { _id: keyId, tierId, ...formFilter(as, request) },
      formUpdate(as, request, context.rivals.noteOf(request.queue)),
      {
        returnDocument: 'after',
        projection: ROW_PROJECTION,
        hint: { _id: 1 },
        maxTimeMS,
        ...concernFor(election),
      },
    );
  try {
    const row = await attempt(form);
    if (form.kind === 'roomy' && form.moment !== null)
      context.directs.answered(row === null ? 0 : 1, row === null ? 1 : 0);
    // It is gone, or not any more what it was when it was read.
    const found = row === null && form !== GENERAL_FORM ? await attempt(GENERAL_FORM) : row;
    // It is gone, or holds more than the pipelines know.
    return found === null ? await decided() : tookOf(found, sentAt, election);
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
    if (wasGivenUp(error)) return { kind: 'expired' };
    // By now its value would be late, and another question would only wait as long.
    if (error instanceof MongoNetworkTimeoutError) return { kind: 'unknown', cause: error };
    return readBack(context, { tierId, keyId }, request.take, sentAt, error);
  }
}

/** What takes wait for: for nothing where their audit is to confirm them in an `election`, else for a majority, as all writes do. */
export function concernFor(election: string | null): { readonly writeConcern?: { readonly w: 1 } } {
  return election === null ? {} : { writeConcern: { w: 1 } };
}

/** How long the server may try, in ms: a row that another holds shall not outlast the guards of the round's others. */
export function takeMaxMs(limits: readonly Limit[]): number {
  const quarter = Math.min(...limits.map(guardMs)) / 4;
  return Math.min(Math.max(Math.floor(quarter), TAKE_MAX_MS.least), TAKE_MAX_MS.most);
}

/** The time was over before it was carried out, and not while it waited for a majority. */
export function wasGivenUp(error: MongoError): boolean {
  const unconfirmed =
    error instanceof MongoWriteConcernError ||
    (error instanceof MongoBulkWriteError && error.result.getWriteConcernError() !== undefined);
  return error instanceof MongoServerError && !unconfirmed && error.code === MAX_TIME_EXPIRED;
}

function tookOf(document: Document, sentAt: number, election: string | null): TakeReply {
  return { kind: 'took', row: document as TakenRow, sentAt, election };
}

/** What was written before the read began shows in it, and has reached a majority when it answers. */
export const CONFIRMED_READ = {
  readConcern: { level: 'linearizable' },
  maxTimeMS: TAKE_MAX_MS.most,
} as const;

/** The reply was lost: the row keeps its last answer, which tells, once a majority has it, that the take happened. */
async function readBack(
  context: MongoContext,
  { tierId, keyId }: KeyName,
  take: string,
  sentAt: number,
  cause: unknown,
): Promise<TakeReply> {
  try {
    const row = await context.rows.keys.findOne(
      { _id: keyId, tierId },
      { projection: ROW_PROJECTION, ...CONFIRMED_READ },
    );
    if (row?.took?.take === take) return tookOf(row, sentAt, null);
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
  }
  return { kind: 'unknown', cause };
}

/** The moment of the monotonic clock until which a value may leave that was taken under these guards (ms). */
export function leaveBy(sentAt: number, guards: readonly number[]): number {
  return guards.length === 0 ? Infinity : sentAt + Math.min(...guards) / 2;
}

/** The guards that bind on a value of this row. */
export function guardsOf(limits: readonly Limit[], row: Pick<TakenRow, 'budgets'>): number[] {
  const windowed = row.budgets.filter((budget) => budget.windowMs !== null);
  return [...limits.map(guardMs), ...windowed.map((budget) => budget.guardMs)];
}
