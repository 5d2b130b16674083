import { MongoError } from 'mongodb';
import { type PoolStanding, standingOf } from '../../model/credit.ts';
import { StoreError } from '../errors.ts';
import type { Charge, Charged, ChargeResult } from '../port.ts';
import { chargedAt, isApart } from './charge-moments.ts';
import { grantedIndexes, type PoolPlan, planPools, runsOf } from './charge-plan.ts';
import { answerCharges, releaseCharges } from './charged-requests.ts';
import { type ChargingRound, claimRound, recordedEvent } from './claimed-charges.ts';
import { type MongoContext, storeNow } from './context.ts';
import { type DoubtfulRecords, noteDoubt, settleDoubtful } from './doubtful-records.ts';
import { type FinishedTakes, metersOf, type PoolReply, refundPool, withoutCredits } from './pool-takes.ts';
import { takeFromPools } from './pools-together.ts';
import { replayCharges } from './replay-charges.ts';
import { insertUsageRecords } from './usage-records.ts';

/** What rounds of charges share in this process. */
export interface ChargeContext extends MongoContext {
  readonly finished: FinishedTakes;
  readonly doubtful: DoubtfulRecords;
}

/** A pool's answer in a round. */
interface PoolAnswer {
  readonly plan: PoolPlan;
  readonly reply: PoolReply;
  /** The charges that it granted. */
  readonly granted: ReadonlySet<number>;
}

/** Takes from all pools at the same time. */
async function takeAll(
  context: ChargeContext,
  { take, plans }: ChargingRound,
  fresh: ReadonlySet<number>,
): Promise<ReadonlyMap<string, PoolAnswer>> {
  const isAsked = (index: number): boolean => fresh.has(index);
  const asked = [...plans.values()].flatMap((plan) => {
    const { pool } = plan;
    const runs = runsOf(plan, isAsked);
    const settled = context.finished.of(pool.id);
    const request = { take, limit: pool.limit, runs, settled };
    return runs.every(({ count }) => count === 0) ? [] : [{ plan, pool, request }];
  });
  const replies = await takeFromPools(context, asked);
  const answers = new Map<string, PoolAnswer>();
  for (const [i, { plan, pool, request }] of asked.entries()) {
    const reply = replies[i] ?? { kind: 'unknown' };
    const took = reply.kind === 'took' ? reply.took.granted : [];
    answers.set(pool.id, { plan, reply, granted: grantedIndexes(plan, took, isAsked) });
    if (reply.kind === 'took') context.finished.told(pool.id, request.settled);
  }
  return answers;
}

/**
 * Gives back what a pool granted to charges that another of their pools refused, or counted too far apart; gives the
 * answers with the rows as they are then.
 */
async function refundRefused(
  context: MongoContext,
  { charges }: ChargingRound,
  answers: ReadonlyMap<string, PoolAnswer>,
  isBack: (index: number) => boolean,
): Promise<ReadonlyMap<string, PoolAnswer>> {
  const refunded = new Map(answers);
  const refunds = [...answers].flatMap(([id, answer]) => {
    const { plan, reply, granted } = answer;
    if (reply.kind !== 'took') return [];
    const credits = [...granted].filter(isBack).reduce((sum, index) => sum + (charges[index]?.cost ?? 0), 0);
    if (credits === 0) return [];
    const row = withoutCredits(reply.row, reply.took, credits);
    refunded.set(id, { ...answer, reply: { ...reply, row } });
    return [refundPool(context, plan.pool, reply.took, credits)];
  });
  await Promise.all(refunds);
  return refunded;
}

function standingsOf(
  charge: Charge,
  answers: ReadonlyMap<string, PoolAnswer>,
  { granted, at }: Pick<Charged, 'granted' | 'at'>,
): PoolStanding[] {
  return charge.pools.flatMap((pool) => {
    const reply = answers.get(pool.id)?.reply;
    if (reply?.kind !== 'took') return [];
    return [standingOf(metersOf(reply.row, pool.limit), pool, { cost: charge.cost, granted }, at)];
  });
}

/** What is told of a decided charge, from the pools as they are after what was given back. */
function withStandings(
  charge: Charge | undefined,
  answers: ReadonlyMap<string, PoolAnswer>,
  result: ChargeResult,
): ChargeResult {
  if (charge === undefined || result.kind !== 'charged') return result;
  return { ...result, pools: standingsOf(charge, answers, result) };
}

/** What the pools said of a charge: all granted it, one refused, or it is not known of one. Yet without their standings. */
function decide(
  index: number,
  charge: Charge,
  answers: ReadonlyMap<string, PoolAnswer>,
  now: number,
): ChargeResult {
  const replies = charge.pools.map(({ id }) => answers.get(id));
  if (replies.some((answer) => answer?.reply.kind === 'expired')) return { kind: 'again' };
  const moments: number[] = [];
  for (const answer of replies) {
    if (answer?.reply.kind !== 'took') return { kind: 'unavailable' };
    moments.push(answer.reply.took.at);
  }
  const granted = replies.every((answer) => answer?.granted.has(index));
  if (granted && isApart(charge, moments)) return { kind: 'again' };
  return { kind: 'charged', granted, at: chargedAt(moments, now), pools: [], replayed: false };
}

/** Nothing stays charged for it, and it is known. */
const isRefused = (result: ChargeResult | undefined): boolean =>
  result?.kind === 'again' || (result?.kind === 'charged' && !result.granted);

const isGranted = (result: ChargeResult | undefined): result is Charged =>
  result?.kind === 'charged' && result.granted;

/** Gives up the request ids of charges for which nothing stays charged; where that fails, a later retry does it. */
async function giveUp(
  context: MongoContext,
  { take, charges }: ChargingRound,
  indexes: Iterable<number>,
): Promise<void> {
  const keys = [...indexes].flatMap((index) => charges[index]?.idempotency?.key ?? []);
  await releaseCharges(context, take, keys).catch((error: unknown) => {
    if (!(error instanceof MongoError)) throw error;
  });
}

/** Puts granted charges on record: their events, then what their request ids stand for. False when that is not known. */
async function record(
  context: ChargeContext,
  round: ChargingRound,
  results: ReadonlyMap<number, ChargeResult>,
): Promise<boolean> {
  const { take, charges } = round;
  const granted = [...results].flatMap(([index, result]) => {
    const charge = charges[index];
    return charge !== undefined && isGranted(result) ? [{ charge, result }] : [];
  });
  const events = granted.flatMap(({ charge }) => recordedEvent(charge) ?? []);
  const answers = granted.flatMap(({ charge: { idempotency }, result: { at, pools } }) =>
    idempotency === null ? [] : [{ key: idempotency.key, take, answer: { at, pools } }],
  );
  try {
    const at = storeNow(context);
    await insertUsageRecords(context, await settleDoubtful(context, events, at), at, take);
    await answerCharges(context, answers);
  } catch (error) {
    noteDoubt(context.doubtful, take, events);
    if (error instanceof MongoError || error instanceof StoreError) return false;
    throw error;
  }
  const refused = [...results].flatMap(([index, result]) => (isRefused(result) ? [index] : []));
  await giveUp(context, round, refused);
  return true;
}

/** Charges those of a round that have not been charged before. */
async function chargeFresh(
  context: ChargeContext,
  round: ChargingRound,
  fresh: ReadonlySet<number>,
  claimedAt: number,
): Promise<ReadonlyMap<number, ChargeResult>> {
  const { charges, take } = round;
  // Others may take the claims over soon.
  if (context.options.clock.monotonicMs() - claimedAt > context.openTakeMs / 2) {
    await giveUp(context, round, fresh);
    return new Map([...fresh].map((index) => [index, { kind: 'again' }]));
  }
  const answers = await takeAll(context, round, fresh);
  const now = storeNow(context);
  const results = new Map<number, ChargeResult>();
  for (const index of fresh) {
    const charge = charges[index];
    if (charge !== undefined) results.set(index, decide(index, charge, answers, now));
  }
  const left = await refundRefused(context, round, answers, (index) => isRefused(results.get(index)));
  for (const [index, result] of results) results.set(index, withStandings(charges[index], left, result));
  const isRecorded = await record(context, round, results);
  if (!isRecorded)
    for (const [index, result] of results) if (isGranted(result)) results.set(index, { kind: 'unavailable' });
  const isSettled = isRecorded && ![...results.values()].some(({ kind }) => kind === 'unavailable');
  if (isSettled) for (const id of answers.keys()) context.finished.add(id, take);
  return results;
}

/** What a charge gets whose request id came twice in the round: what the first got. */
function resultOfTwin(charge: Charge, first: Charge | undefined, result: ChargeResult): ChargeResult {
  const isSame = charge.idempotency?.fingerprint === first?.idempotency?.fingerprint;
  if (isSame) return isGranted(result) ? { ...result, replayed: true } : result;
  return isGranted(result) || result.kind === 'reused' ? { kind: 'reused' } : { kind: 'again' };
}

/** {@link CreditStore.chargeRound} of the port. */
export async function chargeRound(
  context: ChargeContext,
  charges: readonly Charge[],
): Promise<readonly ChargeResult[]> {
  const round: ChargingRound = { take: context.options.newId(), charges, plans: planPools(charges) };
  const claimedAt = context.options.clock.monotonicMs();
  const { fresh, theirs, twins } = await claimRound(context, round);
  const [made, replayed] = await Promise.all([
    chargeFresh(context, round, fresh, claimedAt),
    replayCharges(context, charges, theirs),
  ]);
  const resultAt = (index: number): ChargeResult =>
    made.get(index) ?? replayed.get(index) ?? { kind: 'unavailable' };
  return charges.map((charge, index) => {
    const first = twins.get(index);
    return first === undefined ? resultAt(index) : resultOfTwin(charge, charges[first], resultAt(first));
  });
}
