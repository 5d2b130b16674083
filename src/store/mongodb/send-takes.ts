import { MongoBulkWriteError, MongoError } from 'mongodb';
import type { TakeRequest } from '../../model/take.ts';
import { named } from './change-keys.ts';
import { sendDecided } from './decided-takes.ts';
import type { DrawContext } from './draw-context.ts';
import { recoverTake } from './recovery.ts';
import {
  CONFIRMED_READ,
  concernFor,
  type KeyName,
  ROW_PROJECTION,
  sendTake,
  type TakenRow,
  type TakeReply,
  takeMaxMs,
  wasGivenUp,
} from './send-take.ts';
import { formFilter, formUpdate, GENERAL_FORM, type TakeForm, type UpdateForm } from './take-form.ts';

/** A write that took longer than its server may try is not looked for any more, in ms. */
const LOOK_WITHIN_MS = 1500;

/** So few takes are sent each on its own: each answers for itself, and needs no look. */
const SINGLE_MAX = 4;
/**
 * Takes that go in one command, until there are as many commands: a server carries out those of one command one after
 * another, and commands side by side, each on a connection.
 */
const TOGETHER_MAX = 16;
const COMMANDS_MAX = 4;

/** A take that is to be sent. */
export interface PreparedTake {
  readonly key: KeyName;
  readonly request: TakeRequest;
  readonly form: TakeForm;
}

/** A take as it was sent at last, with what became of it. */
export interface SentTake {
  readonly request: TakeRequest;
  readonly reply: TakeReply;
}

/**
 * Sends the takes of a step, each on another key; answers in their order. Those that rows have room for go together, in
 * few commands with at most one wait for a majority each: what such a take grants is known before it is sent, so it needs no
 * answer of its own. A look at the rows afterwards tells which were carried out, when, and what the keys hold.
 * `election`: of the primary that they are for, where the audit that follows confirms them (`confirm-takes.ts`); null:
 * they wait for a majority. Takes that the model works out wait anyway.
 */
export async function sendTakes(
  context: DrawContext,
  takes: readonly PreparedTake[],
  election: string | null,
): Promise<readonly SentTake[]> {
  const roomy = takes.flatMap(({ form, ...take }) => (form.kind === 'roomy' ? [{ ...take, form }] : []));
  const together = roomy.length > SINGLE_MAX ? sendInParts(context, roomy, election) : null;
  const toDecide = takes.filter(({ form }) => form.kind === 'decided');
  const decided = toDecide.length > 0 ? sendDecided(context, toDecide) : null;
  return Promise.all(
    takes.map(async (take) => {
      const answer = take.form.kind === 'decided' ? (await decided)?.get(take) : undefined;
      if (answer !== undefined) return answer;
      const reply = take.form.kind === 'roomy' ? (await together)?.get(take.request.take) : undefined;
      if (reply !== undefined) return { request: take.request, reply };
      // Its row was not what it was when it was read, or had no turn. Under another id: the first may be in it after all.
      const sent = together === null || take.form.kind !== 'roomy' ? take : anew(context, take);
      return { request: sent.request, reply: await sendTake(context, sent, election) };
    }),
  );
}

function anew(context: DrawContext, { key, request }: PreparedTake): PreparedTake {
  return { key, request: { ...request, take: context.options.newId() }, form: GENERAL_FORM };
}

interface RoomyTake extends PreparedTake {
  readonly form: Extract<UpdateForm, { readonly kind: 'roomy' }>;
}

/** As {@link sendTogether}, in parts of about the same size. */
async function sendInParts(
  context: DrawContext,
  takes: readonly RoomyTake[],
  election: string | null,
): Promise<ReadonlyMap<string, TakeReply>> {
  const parts = Math.min(Math.ceil(takes.length / TOGETHER_MAX), COMMANDS_MAX);
  const begin = (part: number): number => Math.floor((part * takes.length) / parts);
  const replies = await Promise.all(
    Array.from({ length: parts }, (_, i) =>
      sendTogether(context, takes.slice(begin(i), begin(i + 1)), election),
    ),
  );
  return new Map(replies.flatMap((ofPart) => [...ofPart]));
}

/** Replies by take id; none for a take that was not carried out, as far as can be told. */
async function sendTogether(
  context: DrawContext,
  takes: readonly RoomyTake[],
  election: string | null,
): Promise<ReadonlyMap<string, TakeReply>> {
  const { monotonicMs } = context.options.clock;
  const sentAt = monotonicMs();
  const { matched, failure } = await write(context, takes, election);
  // By then the values would be late, and another question would only wait as long.
  const isLate = failure !== null && monotonicMs() - sentAt > LOOK_WITHIN_MS;
  const rows = isLate ? new Map() : await look(context, takes, failure);
  const replies = new Map<string, TakeReply>();
  for (const { key, request } of takes) {
    const row = carriedOut(rows.get(key.keyId), request);
    // After a failure it was looked for on a majority.
    if (row !== null)
      replies.set(request.take, { kind: 'took', row, sentAt, election: failure === null ? election : null });
    else if (failure !== null && !wasGivenUp(failure))
      replies.set(request.take, { kind: 'unknown', cause: failure });
  }
  if (failure === null) noteDirects(context, takes, replies);
  // They are carried out in their order: the first that was not met a row that another holds, the others came too late.
  const stuck = failure === null ? undefined : takes.find(({ request }) => !replies.has(request.take));
  if (stuck !== undefined) replies.set(stuck.request.take, { kind: 'expired' });
  // One that was carried out all the same, which others' takes or a lost majority hide, gives its units back.
  if (failure !== null || matched > replies.size)
    for (const { key, request } of takes)
      if (!replies.has(request.take))
        context.background.run('Settling a take', () => recoverTake(context, key, request.take));
  return replies;
}

/** Takes note of how many direct takes were carried out. */
function noteDirects(
  { directs }: DrawContext,
  takes: readonly RoomyTake[],
  replies: ReadonlyMap<string, TakeReply>,
): void {
  const sent = takes.filter(({ form }) => form.moment !== null);
  const made = sent.filter(({ request }) => replies.has(request.take)).length;
  directs.answered(made, sent.length - made);
}

/** The row as it tells of the take, which others may have followed; null where it does not. */
function carriedOut(row: TakenRow | undefined, { take, units, count }: TakeRequest): TakenRow | null {
  if (row?.took?.take === take) return row;
  const earlier = row?.earlier?.find((one) => one.take === take);
  if (row === undefined || earlier === undefined) return null;
  const { at } = earlier;
  return { ...row, took: { take, reason: 'granted', granted: units * count, at, nextAt: at } };
}

interface Outcome {
  readonly matched: number;
  readonly failure: MongoError | null;
}

async function write(
  context: DrawContext,
  takes: readonly RoomyTake[],
  election: string | null,
): Promise<Outcome> {
  const maxTimeMS = Math.min(...takes.map(({ request }) => takeMaxMs(request.limits)));
  try {
    const { matchedCount } = await context.rows.keys.bulkWrite(
      takes.map(({ key, request, form }) => ({
        updateOne: {
          filter: { _id: key.keyId, tierId: key.tierId, ...formFilter(form, request) },
          update: formUpdate(form, request, context.rivals.noteOf(request.queue)),
          hint: { _id: 1 },
        },
      })),
      { ordered: false, maxTimeMS, ...concernFor(election) },
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
  const keys = takes.map(({ key }) => key);
  try {
    const found = await rows.keys
      .find(named(keys), failure === null ? {} : CONFIRMED_READ)
      .project<TakenRow>(ROW_PROJECTION)
      .hint({ _id: 1 })
      .batchSize(keys.length + 1)
      .toArray();
    return new Map(found.map((row) => [row._id, row]));
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
    return new Map();
  }
}
