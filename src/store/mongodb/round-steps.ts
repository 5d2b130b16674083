import { MongoError } from 'mongodb';
import type { DrawGroup, RoundReply, RoundResult, RoundStep, RoundTake } from '../../model/round.ts';
import { planRound } from '../../model/round.ts';
import type { Took } from '../../model/take.ts';
import { claimAffinities, recallAffinities } from './affinities.ts';
import { findKeys, readCandidates, type SeenRows } from './candidates.ts';
import { electionOfTakes } from './confirm-takes.ts';
import { storeNow } from './context.ts';
import type { DrawContext } from './draw-context.ts';
import { noteExpired } from './expired-keys.ts';
import { recoverTake } from './recovery.ts';
import { type GroupPart, guardsOf, leaveBy, type TakenRow } from './send-take.ts';
import { type PreparedTake, type SentTake, sendTakes } from './send-takes.ts';
import { takeForm } from './take-form.ts';

/** A take that granted, with what its draws need. `sentAt` and `leaveBy` are of the monotonic clock. */
export interface Taken {
  readonly tierId: string;
  readonly keyId: string;
  readonly row: TakenRow;
  /** What was taken of the key's quota group. */
  readonly group: GroupPart | null;
  readonly sentAt: number;
  readonly leaveBy: number;
  /** The election that its audit is to be of, else it is looked for; null where a majority has it. */
  readonly election: string | null;
}

/** A take for the draws of a group of the round, by its index. */
export type TakenFor = Taken & { readonly drawGroup: number };

/** What a plan came to. `failure`: the store did not answer in the middle of it; what was granted stays granted. */
export interface PlanOutcome {
  readonly result: RoundResult | null;
  /** By take id, in the order they were granted. */
  readonly taken: ReadonlyMap<string, TakenFor>;
  /** The newest revision of each tier that a row has seen. */
  readonly newerRevisions: ReadonlyMap<string, number>;
  /** Queues of which rows read ahead were used: what they lack is not known for sure. */
  readonly guessed: ReadonlySet<string>;
  readonly failure: unknown;
}

/** Each step is a round trip or two, and values wait for the last of them. */
const AFFINE_STEPS_MAX = 8;

/**
 * Runs a round's steps against the store, the parts of each in parallel. `unconfirmed`: takes need not wait for a
 * majority, since their audit is what shows them next.
 */
export async function runPlan(
  context: DrawContext,
  groups: readonly DrawGroup[],
  unconfirmed: boolean,
): Promise<PlanOutcome> {
  const taken = new Map<string, TakenFor>();
  const seen: SeenRows = { rows: new Map(), revisions: new Map() };
  const guessed = new Set<string>();
  let failure: unknown = null;
  const outcome = (result: RoundResult | null): PlanOutcome => ({
    result,
    taken,
    newerRevisions: seen.revisions,
    guessed,
    failure,
  });
  const plan = planRound(groups, context.time, context.scans, { affineStepsMax: AFFINE_STEPS_MAX });
  let step = plan.next();
  while (step.done !== true) {
    let reply: RoundReply;
    if (step.value.kind === 'take') {
      const election = unconfirmed ? electionOfTakes(context) : null;
      const parts = { groups, read: seen.rows, election };
      const { replies, cause, isLost } = await takeStep(context, parts, step.value.takes, taken);
      failure ??= cause;
      // The store does not answer: other keys would only lose units too.
      if (isLost) return outcome(null);
      reply = { kind: 'take', replies };
    } else {
      try {
        reply = await lookStep(context, step.value, seen, guessed);
      } catch (error) {
        if (!(error instanceof MongoError)) throw error;
        failure = error;
        return outcome(null);
      }
    }
    step = plan.next(reply);
  }
  return outcome(step.value);
}

/** Answers a step that takes nothing. */
async function lookStep(
  context: DrawContext,
  step: Exclude<RoundStep, { readonly kind: 'take' }>,
  seen: SeenRows,
  guessed: Set<string>,
): Promise<RoundReply> {
  const parts = { ...context, monotonicMs: context.options.clock.monotonicMs };
  switch (step.kind) {
    case 'read': {
      const read = await readCandidates(parts, step.reads, seen, storeNow(context));
      for (const queue of read.guessed) guessed.add(queue);
      return { kind: 'read', now: storeNow(context), pages: read.pages };
    }
    case 'find': {
      const found = await findKeys(parts, step.keys, seen, storeNow(context));
      return { kind: 'find', now: storeNow(context), found };
    }
    case 'recall':
      return { kind: 'recall', homes: await recallAffinities(context, step.affinities) };
    case 'claim':
      return { kind: 'claim', homes: await claimAffinities(context, step.claims) };
  }
}

/** What became of the takes of a step. */
interface TakeOutcome {
  readonly replies: readonly (Took | null)[];
  /** Why of some it is not known whether they happened; null when there is none. */
  readonly cause: unknown;
  /** True when of none it is. */
  readonly isLost: boolean;
}

/** What the takes of a step are made from. */
interface TakeParts {
  readonly groups: readonly DrawGroup[];
  readonly read: SeenRows['rows'];
  readonly election: string | null;
}

/** Makes the takes of a step. */
async function takeStep(
  context: DrawContext,
  parts: TakeParts,
  takes: readonly RoundTake[],
  taken: Map<string, TakenFor>,
): Promise<TakeOutcome> {
  const releases: (() => void)[] = [];
  // A key that another round is taking from is passed over.
  const held = takes.filter(({ keyId }) => {
    const release = context.busy.hold(keyId);
    if (release !== null) releases.push(release);
    return release !== null;
  });
  const prepared = held.map((take) => prepare(context, parts, take));
  try {
    const sent = await sendTakes(context, prepared, parts.election);
    const answers = new Map<RoundTake, Took | null>();
    for (const [i, take] of held.entries()) {
      const one = sent[i];
      if (one !== undefined) answers.set(take, noteReply(context, take, one, taken));
    }
    const replies = takes.map((take) => answers.get(take) ?? null);
    const causes = sent.flatMap(({ reply }) => (reply.kind === 'unknown' ? [reply.cause] : []));
    return { replies, cause: causes[0] ?? null, isLost: sent.length > 0 && causes.length === sent.length };
  } finally {
    for (const release of releases) release();
  }
}

function prepare(
  context: DrawContext,
  { groups, read }: TakeParts,
  { group, keyId, source, count, rank }: RoundTake,
): PreparedTake {
  const asked = groups[group];
  if (asked === undefined) throw new Error(`a take for group ${group}, which is not in the round`);
  const request = {
    take: context.options.newId(),
    queue: source.queue,
    feature: asked.feature,
    limits: source.limits,
    policy: source.policy,
    revision: source.revision,
    units: asked.units,
    count,
    rank,
    openMs: context.openTakeMs,
    settled: context.settled.of(keyId),
    charge: 'all',
  } as const;
  const form = takeForm(read.get(keyId)?.get(source.queue), request, storeNow(context), context.directs);
  read.delete(keyId);
  context.ahead.taken(keyId);
  return { key: { tierId: source.tierId, keyId }, request, form };
}

/** Sees to what follows from the reply to a take, and gives the row's answer; null when there is none. */
function noteReply(
  context: DrawContext,
  { group, keyId, source }: RoundTake,
  { request, reply }: SentTake,
  taken: Map<string, TakenFor>,
): Took | null {
  const key = { tierId: source.tierId, keyId };
  // Should it have happened, its units go back at once; should it happen later, when its end has passed.
  if (reply.kind === 'unknown' || reply.kind === 'expired')
    context.background.run('Settling a take', () => recoverTake(context, key, request.take));
  if (reply.kind === 'expired') context.busy.leaveAlone(key.keyId);
  if (reply.kind !== 'took') return null;
  if (request.settled.length > 0) context.settled.gone(key.keyId, request.settled);
  const { row, sentAt, election, group: part = null, guards = [] } = reply;
  if (row.budgets.length > 0) context.budgetWatch.see(keyId, row.budgets);
  if (row.took.reason === 'unusable' && row.expireAt !== null)
    context.background.run('Noting an expired key', () => noteExpired(context, key, row.took.at));
  if (row.took.granted > 0)
    taken.set(row.took.take, {
      ...key,
      drawGroup: group,
      row,
      group: part,
      sentAt,
      election,
      leaveBy: leaveBy(sentAt, [...guardsOf(source.limits, row), ...guards, ...(part?.guards ?? [])]),
    });
  return row.took;
}
