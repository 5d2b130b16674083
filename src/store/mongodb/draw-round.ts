import type { DrawRequest, DrawResult } from '../port.ts';
import { pause } from './background.ts';
import { claimDraws, releaseUnserved, replayDraws, twinResult } from './claimed-draws.ts';
import type { DrawContext } from './draw-context.ts';
import { toStoreError } from './driver-errors.ts';
import { confirmEmpty } from './empty-queues.ts';
import { groupsOf, servingsOf, shortageResults } from './grouping.ts';
import { recordServings } from './record-servings.ts';
import type { Claim } from './request-records.ts';
import { runPlan } from './round-steps.ts';

const AGAIN_PAUSE_MS = 25;
/**
 * A round with a retry whose first call is still under way lasts at least this long, so that the retry does not use up
 * its rounds before that call ends or is overdue. Little enough that values of the same round can still leave.
 */
const PENDING_ROUND_MS = 20;

/** Draws of a round by their index in it. */
type Results = Map<number, DrawResult>;

/** Serves draws that arrived together; see the port. */
export async function drawRound(
  context: DrawContext,
  draws: readonly DrawRequest[],
  chosen: () => void = () => {},
): Promise<readonly DrawResult[]> {
  const startedAt = context.options.clock.monotonicMs();
  const { fresh, claims, theirs, unknown, twins } = await claimDraws(context, draws);
  const results: Results = new Map(unknown.map((index) => [index, { kind: 'unavailable' }]));
  // Both end before claims are given up: what one has taken is on record then.
  const parts = await Promise.allSettled([
    serveFresh(context, draws, fresh, claims, chosen),
    replayDraws(context, draws, theirs),
  ]);
  for (const part of parts)
    if (part.status === 'fulfilled') for (const [index, result] of part.value) results.set(index, result);
  const failed = parts.find((part) => part.status === 'rejected');
  await releaseUnserved(context, claims, results, failed !== undefined);
  if (failed !== undefined) throw failed.reason;
  for (const [index, first] of twins) {
    const result = twinResult(draws[index], draws[first], results.get(first) ?? { kind: 'again' });
    results.set(index, result);
    // Each may leave with its own answer: neither withholds what the other was given.
    if (result.kind === 'drawn') results.set(first, result);
  }
  const answers = draws.map((_, index): DrawResult => results.get(index) ?? { kind: 'again' });
  const pending = theirs.some((index) => results.get(index)?.kind === 'again');
  if (pending) await pauseUntil(context, startedAt + PENDING_ROUND_MS);
  else if (answers.every(({ kind }) => kind === 'again')) await untilWorthAgain(context);
  return answers;
}

async function pauseUntil({ options }: DrawContext, moment: number): Promise<void> {
  const leftMs = moment - options.clock.monotonicMs();
  if (leftMs > 0) await pause(leftMs, new AbortController().signal);
}

/** All keys are in use by other rounds, or rows of others are on their way: the next round would read in vain. */
async function untilWorthAgain({ busy }: DrawContext): Promise<void> {
  await (busy.size() > 0 ? busy.nextRelease() : pause(AGAIN_PAUSE_MS, new AbortController().signal));
}

async function serveFresh(
  context: DrawContext,
  draws: readonly DrawRequest[],
  indexes: readonly number[],
  claims: ReadonlyMap<number, Claim>,
  chosen: () => void,
): Promise<Results> {
  const groups = groupsOf(draws, indexes);
  if (groups.length === 0) {
    chosen();
    return new Map();
  }
  const outcome = await context.turns.inTurn(tiersOf(draws, indexes), () =>
    // A retry by another process may find the record of a request, and hand out what was drawn for it.
    runPlan(context, groups, claims.size === 0),
  );
  chosen();
  if (outcome.failure !== null && outcome.taken.size === 0) throw toStoreError(outcome.failure);
  const servings = servingsOf(draws, groups, outcome.taken);
  // Those that got nothing look at the queues themselves in the next round.
  for (const { waiting, queues } of groups)
    if (waiting.length > 0) for (const { queue } of queues) context.ahead.forget(queue);
  const [results, shortages] = await Promise.all([
    recordServings(context, servings, claims),
    confirmEmpty(context.rows, groups, shortageResults(groups, outcome)),
  ]);
  for (const [index, result] of shortages) results.set(index, result);
  return results;
}

function tiersOf(draws: readonly DrawRequest[], indexes: readonly number[]): Set<string> {
  return new Set(indexes.flatMap((index) => draws[index]?.queues.map(({ tierId }) => tierId) ?? []));
}
