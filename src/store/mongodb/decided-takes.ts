import { MongoError } from 'mongodb';
import type { KeyState } from '../../model/key.ts';
import { latest } from '../../model/meter.ts';
import { NOWHERE, parkedUntil } from '../../model/place.ts';
import { type TakeRequest, type Took, takeFromKey } from '../../model/take.ts';
import { budgetGuards } from './budget-guards.ts';
import { changeOf, type KeyChange, named, SEEN_PROJECTION, type SeenRow } from './change-keys.ts';
import type { DrawContext } from './draw-context.ts';
import { EARLIER_MAX } from './earlier-takes.ts';
import type { GroupShare } from './group-takes.ts';
import { fromStateDocument, fromStoredBudget, type KeyDocument, toStoredBudget } from './key-document.ts';
import {
  CONFIRMED_READ,
  type GroupPart,
  type TakenRow,
  type TakeReply,
  takeMaxMs,
  wasGivenUp,
} from './send-take.ts';
import type { PreparedTake, SentTake } from './send-takes.ts';
import { settleGroupLater, voidGroupLater } from './settle-group.ts';

/*
 * Takes of rows that hold more than the pipelines know, or in tiers that ask for more: worked out by the model, from
 * rows as they are read, and written where nobody has written them since. What binds besides is what binds on any take.
 */

/** Tries of a take that others' writes get in the way of. */
const TRIES_MAX = 6;
/** So few are written each on its own: each answers for itself. */
const SINGLE_MAX = 4;

/** A take that is under way. */
interface Attempt {
  readonly prepared: PreparedTake;
  /** As it is asked at last: of a group's key for what the group gave. */
  request: TakeRequest;
  group: GroupPart | null;
  /** The group's answer. */
  share: GroupShare | null;
  /** When the group has more (null: never by waiting), where it gave less than the key would; absent where it gave that. */
  groupNextAt?: number | null;
  reply: TakeReply | null;
}

type Row = SeenRow & Pick<KeyDocument, 'name' | 'value' | 'secrets' | 'metadata' | 'expireAt'>;

/** Sends such takes together; by the takes as prepared. */
export async function sendDecided(
  context: DrawContext,
  takes: readonly PreparedTake[],
): Promise<ReadonlyMap<PreparedTake, SentTake>> {
  const sentAt = context.options.clock.monotonicMs();
  const attempts = takes.map(
    (prepared): Attempt => ({ prepared, request: prepared.request, group: null, share: null, reply: null }),
  );
  const waiting = () => attempts.filter(({ reply }) => reply === null);
  for (let tries = 0; tries < TRIES_MAX && waiting().length > 0; tries += 1) {
    try {
      await attempt(context, waiting(), sentAt);
    } catch (error) {
      if (!(error instanceof MongoError)) throw error;
      for (const one of waiting()) one.reply = { kind: 'unknown', cause: error };
    }
  }
  for (const one of waiting()) one.reply = { kind: 'expired' };
  for (const one of attempts) settleShare(context, one);
  const shares = attempts.flatMap(({ share }) => share ?? []);
  const park = () => context.groups.parkSpent(shares);
  // A value leaves within its guard or not at all: it does not wait for the group's other keys, however many.
  const hasValues = attempts.some(({ reply }) => reply?.kind === 'took' && reply.row.took.granted > 0);
  if (!hasValues) await park();
  else if (shares.some(({ spent }) => spent !== null))
    context.background.run('Parking the keys of a quota group', park);
  return new Map(
    attempts.map(({ prepared, request, reply }) => [prepared, { request, reply: reply ?? { kind: 'gone' } }]),
  );
}

/** Reads the rows, asks their groups, and writes what the keys grant; those that others were in the way of stay without a reply. */
async function attempt(context: DrawContext, attempts: readonly Attempt[], sentAt: number): Promise<void> {
  const rows = await readRows(context, attempts);
  for (const one of attempts) if (!rows.has(one.prepared.key.keyId)) one.reply = { kind: 'gone' };
  const present = attempts.flatMap((one) => {
    const row = rows.get(one.prepared.key.keyId);
    return row === undefined ? [] : [{ one, row }];
  });
  await Promise.all(present.map(({ one, row }) => askGroup(context, one, row, sentAt)));
  const writes = present.flatMap(({ one, row }) => (one.reply === null ? [decide(context, one, row)] : []));
  for (const { one, row, took, change } of writes)
    if (change === null) one.reply = tookReply(row, took, sentAt, one.group);
  await writeAll(
    context,
    writes.filter(({ change }) => change !== null),
    sentAt,
  );
}

async function readRows(
  { rows }: DrawContext,
  attempts: readonly Attempt[],
): Promise<ReadonlyMap<string, Row>> {
  const found = await rows.keys
    .find(named(attempts.map(({ prepared }) => prepared.key)))
    .project<Row>({ ...SEEN_PROJECTION, name: 1, value: 1, secrets: 1, metadata: 1 })
    .hint({ _id: 1 })
    .batchSize(attempts.length + 1)
    .toArray();
  return new Map(found.map((row) => [row._id, row]));
}

/** Asks the key's group for as much as the key could give, once; what it gives less the key is not asked for. */
async function askGroup(context: DrawContext, one: Attempt, row: Row, sentAt: number): Promise<void> {
  const state = fromStateDocument(row);
  const { groupId } = state.traits;
  if (groupId === one.group?.groupId) return;
  if (one.group !== null) {
    // It has changed its group since: another take asks for it anew.
    one.reply = { kind: 'expired' };
    return;
  }
  if (groupId === null) return;
  const { take, units, openMs, charge } = one.request;
  const { granted } = takeFromKey(state, one.request, row.now).took;
  if (granted === 0) return;
  const settled = context.settledGroups.of(groupId);
  const reply = await context.groups.ask(groupId, {
    take,
    units,
    count: granted / units,
    openMs,
    settled,
    charge,
  });
  if ('unknown' in reply) {
    voidGroupLater(context, groupId, take);
    one.reply = { kind: 'unknown', cause: reply.unknown };
    return;
  }
  if (settled.length > 0) context.settledGroups.gone(groupId, settled);
  const { took, budgeted, guards } = reply;
  one.share = reply;
  if (took.granted === 0) {
    // The key is not asked, so nothing leaves its row with this take.
    one.request = { ...one.request, settled: [] };
    one.reply = tookReply(row, took, sentAt, null);
    return;
  }
  one.group = { groupId, n: took.granted, at: took.at, budgeted: budgeted && charge === 'all', guards };
  if (took.granted < granted) one.groupNextAt = took.nextAt;
  one.request = { ...one.request, count: took.granted / units };
}

interface Decision {
  readonly one: Attempt;
  readonly row: Row;
  readonly took: Took;
  readonly after: KeyState;
  /** Null where the row stays as it is. */
  readonly change: ReturnType<typeof changeOf> | null;
}

function decide(context: DrawContext, one: Attempt, row: Row): Decision {
  const before = fromStateDocument(row);
  const result = takeFromKey(before, one.request, row.now);
  const { by } = context.rivals.noteOf(one.request.queue);
  const last = row.took === undefined ? [] : [{ take: row.took.take, at: row.took.at }];
  const set: KeyChange['set'] = {
    took: result.took,
    takenBy: by,
    earlier: [...last, ...(row.earlier ?? [])].slice(0, EARLIER_MAX),
  };
  const change = changeOf(context, row, { state: parkedBy(one, result.state), set });
  // A refusal that moves nothing is not worth a write.
  const moves = Object.keys(change.update.$set).some((name) => name !== 'turn' && !(name in set));
  const isNothing = result.took.granted === 0 && !moves && change.update.$unset === undefined;
  return { one, row, took: result.took, after: result.state, change: isNothing ? null : change };
}

/** The state with the places of a key whose group has no unit left. */
function parkedBy({ share }: Attempt, state: KeyState): KeyState {
  if (share === null || share.spent === null) return state;
  const { until } = share.spent;
  return { ...state, ...(until === null ? NOWHERE : parkedUntil(state, until)) };
}

function tookReply(
  row: Row,
  took: Took,
  sentAt: number,
  group: GroupPart | null,
  budgets = row.budgets,
): TakeReply {
  const { _id, name, value, secrets, metadata, expireAt } = row;
  const shown: TakenRow = { _id, name, value, secrets, metadata, expireAt, budgets, took };
  const guards = budgetGuards(budgets.map(fromStoredBudget), took.at);
  return { kind: 'took', row: shown, sentAt, election: null, group, guards };
}

function replyOf({ one, row, took, after }: Decision, sentAt: number): TakeReply {
  const { groupNextAt, group } = one;
  // Where the group had less than the key, only when both have more does it help to come again.
  const nextAt = groupNextAt === undefined ? took.nextAt : latest([groupNextAt, took.nextAt], took.at);
  return tookReply(row, { ...took, nextAt }, sentAt, group, after.budgets.map(toStoredBudget));
}

async function writeAll(context: DrawContext, decisions: readonly Decision[], sentAt: number): Promise<void> {
  if (decisions.length === 0) return;
  if (decisions.length > SINGLE_MAX) return writeTogether(context, decisions, sentAt);
  await Promise.all(
    decisions.map(async (decision) => {
      const { one, change } = decision;
      if (change === null) return;
      const options = { hint: { _id: 1 }, maxTimeMS: takeMaxMs(one.request.limits) } as const;
      try {
        const { matchedCount } = await context.rows.keys.updateOne(change.filter, change.update, options);
        if (matchedCount === 1) one.reply = replyOf(decision, sentAt);
      } catch (error) {
        if (!(error instanceof MongoError)) throw error;
        if (wasGivenUp(error)) {
          one.reply = { kind: 'expired' };
          return;
        }
        const told = await lookBack(context, [decision], true);
        one.reply = told.has(one.request.take)
          ? replyOf(decision, sentAt)
          : { kind: 'unknown', cause: error };
      }
    }),
  );
}

/** As one command; where not all were carried out, a look at the rows tells which. */
async function writeTogether(
  context: DrawContext,
  decisions: readonly Decision[],
  sentAt: number,
): Promise<void> {
  const maxTimeMS = Math.min(...decisions.map(({ one }) => takeMaxMs(one.request.limits)));
  const updates = decisions.flatMap(({ change }) =>
    change === null ? [] : [{ updateOne: { ...change, hint: { _id: 1 } } }],
  );
  let failure: MongoError | null = null;
  let matched = 0;
  try {
    matched = (await context.rows.keys.bulkWrite(updates, { ordered: false, maxTimeMS })).matchedCount;
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
    failure = error;
  }
  const isWhole = failure === null && matched === decisions.length;
  const told = isWhole ? null : await lookBack(context, decisions, failure !== null);
  const done = decisions.filter(({ one }) => told === null || told.has(one.request.take));
  for (const decision of done) decision.one.reply = replyOf(decision, sentAt);
  // One that was carried out all the same, which others' takes hide, is settled; it is not asked for again.
  for (const { one } of decisions)
    if (one.reply === null && (failure !== null || matched > done.length))
      one.reply = failure === null ? { kind: 'expired' } : { kind: 'unknown', cause: failure };
}

/** Takes that the rows tell of; after a failure only those that a majority has. None where that is not known. */
async function lookBack(
  { rows }: DrawContext,
  decisions: readonly Decision[],
  failed: boolean,
): Promise<ReadonlySet<string>> {
  try {
    const found = await rows.keys
      .find(named(decisions.map(({ one }) => one.prepared.key)), failed ? CONFIRMED_READ : {})
      .project<Pick<KeyDocument, 'took' | 'earlier'>>({ 'took.take': 1, 'earlier.take': 1 })
      .hint({ _id: 1 })
      .toArray();
    return new Set(
      found.flatMap(({ took, earlier = [] }) => [took?.take ?? '', ...earlier.map(({ take }) => take)]),
    );
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
    return new Set();
  }
}

/** What a group gave for a take that its key did not make goes back. */
function settleShare(context: DrawContext, { request, group, reply }: Attempt): void {
  if (group === null || !group.budgeted) return;
  if (reply?.kind === 'took') {
    if (reply.row.took.granted === 0) settleGroupLater(context, group, request.take, 0);
  } else if (reply?.kind === 'gone') settleGroupLater(context, group, request.take, 0);
  else voidGroupLater(context, group.groupId, request.take);
}
