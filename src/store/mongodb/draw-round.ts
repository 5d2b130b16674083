import type { DrawRequest, DrawResult } from '../port.ts';
import { pause } from './background.ts';
import { claimDraws, releaseUnserved, replayDraws, twinResult } from './claimed-draws.ts';
import type { DrawContext } from './draw-context.ts';
import { toStoreError } from './driver-errors.ts';
import { groupsOf, servingsOf, shortageResults } from './grouping.ts';
import { recordServings } from './record-servings.ts';
import type { Claim } from './request-records.ts';
import { runPlan } from './round-steps.ts';

const AGAIN_PAUSE_MS = 25;

/** Draws of a round by their index in it. */
type Results = Map<number, DrawResult>;

/** Serves draws that arrived together; see the port. */
export async function drawRound(
  context: DrawContext,
  draws: readonly DrawRequest[],
): Promise<readonly DrawResult[]> {
  const { fresh, claims, theirs, unknown, twins } = await claimDraws(context, draws);
  const results: Results = new Map(unknown.map((index) => [index, { kind: 'unavailable' }]));
  try {
    const [served, replayed] = await Promise.all([
      serveFresh(context, draws, fresh, claims),
      replayDraws(context, draws, theirs),
    ]);
    for (const [index, result] of [...served, ...replayed]) results.set(index, result);
  } finally {
    await releaseUnserved(context, claims, results);
  }
  for (const [index, first] of twins)
    results.set(index, twinResult(draws[index], draws[first], results.get(first) ?? { kind: 'again' }));
  const answers = draws.map((_, index): DrawResult => results.get(index) ?? { kind: 'again' });
  if (answers.every(({ kind }) => kind === 'again')) await untilWorthAgain(context);
  return answers;
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
): Promise<Results> {
  const groups = groupsOf(draws, indexes);
  if (groups.length === 0) return new Map();
  const outcome = await context.turns.inTurn(tiersOf(draws, indexes), () => runPlan(context, groups));
  if (outcome.failure !== null && outcome.taken.size === 0) throw toStoreError(outcome.failure);
  const servings = servingsOf(draws, groups, outcome.taken);
  const results = await recordServings(context, servings, claims);
  for (const [index, result] of shortageResults(groups, outcome)) results.set(index, result);
  return results;
}

function tiersOf(draws: readonly DrawRequest[], indexes: readonly number[]): Set<string> {
  return new Set(indexes.flatMap((index) => draws[index]?.queues.map(({ tierId }) => tierId) ?? []));
}
