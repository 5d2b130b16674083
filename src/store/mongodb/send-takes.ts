import { MongoBulkWriteError, MongoError, MongoNetworkTimeoutError } from 'mongodb';
import type { TakeRequest } from '../../model/take.ts';
import type { DrawContext } from './draw-context.ts';
import { recoverTake } from './recovery.ts';
import {
  type KeyName,
  ROW_PROJECTION,
  sendTake,
  type TakenRow,
  type TakeReply,
  takeMaxMs,
  wasGivenUp,
} from './send-take.ts';
import { formFilter, formPipeline, type TakeForm } from './take-form.ts';

/** A take that is to be sent. */
export interface PreparedTake {
  readonly key: KeyName;
  readonly request: TakeRequest;
  readonly form: TakeForm;
}

/**
 * Sends the takes of a step, each on another key; answers in their order. Those that rows have room for go together, as
 * one command with one wait for a majority: what such a take grants is known before it is sent, so it needs no answer of
 * its own. A look at the rows afterwards tells which were carried out, when, and what the keys hold.
 */
export async function sendTakes(
  context: DrawContext,
  takes: readonly PreparedTake[],
): Promise<readonly TakeReply[]> {
  const roomy = takes.filter(({ form }) => form.kind === 'roomy');
  const together = roomy.length > 1 ? sendTogether(context, roomy) : null;
  return Promise.all(
    takes.map(async (take) => {
      if (together === null || take.form.kind !== 'roomy') return sendTake(context, take);
      const reply = (await together).get(take.request.take);
      // Its row is not what it was when it was read, or had no turn. Under another id: the first may be in a row after all.
      return reply ?? sendTake(context, { ...take, ...anew(context, take) });
    }),
  );
}

function anew(context: DrawContext, { request }: PreparedTake): Pick<PreparedTake, 'request' | 'form'> {
  const take = context.options.newId();
  return { request: { ...request, take }, form: { kind: 'shaped', shape: 'any' } };
}

/** Replies by take id; none for a take that was not carried out and never will be. */
async function sendTogether(
  context: DrawContext,
  takes: readonly PreparedTake[],
): Promise<ReadonlyMap<string, TakeReply>> {
  const sentAt = context.options.clock.monotonicMs();
  const outcome = await write(context, takes);
  const { failure } = outcome;
  const rows = failure instanceof MongoNetworkTimeoutError ? new Map() : await look(context, takes, failure);
  const replies = new Map<string, TakeReply>();
  for (const { key, request } of takes) {
    const row = rows.get(key.keyId);
    if (row?.took?.take === request.take) replies.set(request.take, { kind: 'took', row, sentAt });
    else if (failure !== null && !wasGivenUp(failure))
      replies.set(request.take, { kind: 'unknown', cause: failure });
  }
  // They are carried out in their order: the first that was not met a row that another holds, the others came too late.
  const stuck = failure === null ? undefined : takes.find(({ request }) => !replies.has(request.take));
  if (stuck !== undefined) replies.set(stuck.request.take, { kind: 'expired' });
  // Some were carried out, and their rows taken from by others before the look: their units go back.
  if (failure === null && outcome.matched > replies.size)
    for (const { key, request } of takes)
      if (!replies.has(request.take))
        context.background.run('Settling a take', () => recoverTake(context, key, request.take));
  return replies;
}

interface Outcome {
  readonly matched: number;
  readonly failure: MongoError | null;
}

async function write(context: DrawContext, takes: readonly PreparedTake[]): Promise<Outcome> {
  const maxTimeMS = Math.min(...takes.map(({ request }) => takeMaxMs(request.limits)));
  try {
    const { matchedCount } = await context.rows.keys.bulkWrite(
      takes.map(({ key, request, form }) => ({
        updateOne: {
          filter: { _id: key.keyId, tierId: key.tierId, ...formFilter(form, request) },
          update: formPipeline(form, request, context.rivals.self),
          hint: { _id: 1 },
        },
      })),
      { ordered: false, maxTimeMS },
    );
    return { matched: matchedCount, failure: null };
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
    const matched = error instanceof MongoBulkWriteError ? error.matchedCount : 0;
    return { matched, failure: error };
  }
}

/** The rows as they are now. After a failure only what a majority has tells that a take was carried out. */
async function look(
  { rows }: DrawContext,
  takes: readonly PreparedTake[],
  failure: MongoError | null,
): Promise<ReadonlyMap<string, TakenRow>> {
  const keyIds = takes.map(({ key }) => key.keyId);
  const tierIds = [...new Set(takes.map(({ key }) => key.tierId))];
  try {
    const found = await rows.keys
      .find({ _id: { $in: keyIds }, tierId: { $in: tierIds } })
      .project<TakenRow>(ROW_PROJECTION)
      .hint({ _id: 1 })
      .batchSize(keyIds.length + 1)
      .withReadConcern({ level: failure === null ? 'local' : 'majority' })
      .toArray();
    return new Map(found.map((row) => [row._id, row]));
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
    return new Map();
  }
}
