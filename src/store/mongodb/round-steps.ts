import { MongoError } from 'mongodb';
import type {
  Candidate,
  DrawGroup,
  QueueRead,
  RoundReply,
  RoundResult,
  RoundTake,
  Spread,
} from '../../model/round.ts';
import { planRound } from '../../model/round.ts';
import type { Took } from '../../model/take.ts';
import { highestRank, readCandidates, type SeenRows } from './candidates.ts';
import { storeNow } from './context.ts';
import type { DrawContext } from './draw-context.ts';
import { noteExpired } from './expired-keys.ts';
import { recoverTake } from './recovery.ts';
import { guardsOf, leaveBy, sendTake, type TakenRow } from './send-take.ts';
import type { RowShape } from './take-decision.ts';

/** A take that granted, with what its draws need. `sentAt` and `leaveBy` are of the monotonic clock. */
export interface Taken {
  readonly tierId: string;
  readonly keyId: string;
  readonly row: TakenRow;
  readonly sentAt: number;
  readonly leaveBy: number;
}

/** What a plan came to. `failure`: the store did not answer in the middle of it; what was granted stays granted. */
export interface PlanOutcome {
  readonly result: RoundResult | null;
  /** By take id, in the order they were granted. */
  readonly taken: ReadonlyMap<string, Taken & { readonly group: number }>;
  /** The newest revision of each tier that a row has seen. */
  readonly newerRevisions: ReadonlyMap<string, number>;
  readonly failure: unknown;
}

/**
 * A take costs a process and its database what several answers cost, so draws that wait together share takes: as many
 * keys as draws of each. One that waits alone has a key to itself.
 */
const spread: Spread = (draws) => Math.ceil(Math.sqrt(draws));

/** Runs a round's steps against the store, the parts of each in parallel. */
export async function runPlan(context: DrawContext, groups: readonly DrawGroup[]): Promise<PlanOutcome> {
  const taken = new Map<string, Taken & { readonly group: number }>();
  const seen: SeenRows = { shapes: new Map(), revisions: new Map() };
  let failure: unknown = null;
  const plan = planRound(groups, context.ranks, context.scans, spread);
  let step = plan.next();
  while (step.done !== true) {
    let reply: RoundReply;
    if (step.value.kind === 'take') {
      const { takes } = step.value;
      const replies = await Promise.all(
        takes.map((take) =>
          takeOne(context, groups, take, seen.shapes.get(take.keyId) ?? 'any', taken, (cause) => {
            failure = cause;
          }),
        ),
      );
      reply = { kind: 'take', replies };
    } else {
      try {
        reply = await readStep(context, step.value.reads, seen);
      } catch (error) {
        if (!(error instanceof MongoError)) throw error;
        return { result: null, taken, newerRevisions: seen.revisions, failure: error };
      }
    }
    step = plan.next(reply);
  }
  return { result: step.value, taken, newerRevisions: seen.revisions, failure };
}

async function readStep(
  context: DrawContext,
  reads: readonly QueueRead[],
  seen: SeenRows,
): Promise<RoundReply> {
  await Promise.all(reads.map((read) => noteRanks(context, read)));
  const pages: Candidate[][] = await Promise.all(reads.map((read) => readCandidates(context, read, seen)));
  return { kind: 'read', now: storeNow(context), pages };
}

/** Ranks of this process begin after all that others gave in the queue before. */
async function noteRanks(context: DrawContext, { tierId, queue }: QueueRead): Promise<void> {
  if (context.rankedQueues.has(queue)) return;
  const rank = await highestRank(context.rows, tierId, queue);
  if (rank !== null) context.ranks.saw(rank);
  context.rankedQueues.add(queue);
}

async function takeOne(
  context: DrawContext,
  groups: readonly DrawGroup[],
  { group, keyId, source, count, rank }: RoundTake,
  shape: RowShape,
  taken: Map<string, Taken & { readonly group: number }>,
  failed: (cause: unknown) => void,
): Promise<Took | null> {
  const asked = groups[group];
  if (asked === undefined) throw new Error(`a take for group ${group}, which is not in the round`);
  const settled = context.settled.of(keyId);
  const request = {
    take: context.options.newId(),
    queue: source.queue,
    feature: asked.feature,
    limits: source.limits,
    revision: source.revision,
    units: asked.units,
    count,
    rank,
    openMs: context.openTakeMs,
    settled,
    charge: 'all',
  } as const;
  const key = { tierId: source.tierId, keyId };
  const reply = await context.busy.during(keyId, () => sendTake(context, key, request, shape));
  if (reply?.kind === 'unknown' || reply?.kind === 'expired') {
    // Another holds the row: the key is passed over.
    if (reply.kind === 'unknown') failed(reply.cause);
    // Should it have happened, its units go back at once; should it happen later, when its end has passed.
    context.background.run('Settling a take', () => recoverTake(context, key, request.take));
  }
  if (reply?.kind !== 'took') return null;
  if (settled.length > 0) context.settled.gone(keyId, settled);
  const { row, sentAt } = reply;
  if (row.took.reason === 'unusable' && row.expireAt !== null)
    context.background.run('Noting an expired key', () => noteExpired(context, key, row.took.at));
  if (row.took.granted > 0)
    taken.set(request.take, {
      ...key,
      group,
      row,
      sentAt,
      leaveBy: leaveBy(sentAt, guardsOf(source.limits, row)),
    });
  return row.took;
}
