import { MongoError } from 'mongodb';
import type { DrawRequest, DrawResult } from '../port.ts';
import type { DrawContext } from './draw-context.ts';
import { replay } from './replay.ts';
import { type Claim, claimRequests, findRequests, releaseClaims } from './request-records.ts';

/** A round's draws by what their request ids say of them. */
export interface ClaimedDraws {
  /** Indexes of draws to serve, by arrival. */
  readonly fresh: readonly number[];
  /** Claims of those among them that have a request id. */
  readonly claims: ReadonlyMap<number, Claim>;
  /** Indexes of draws whose request id is another's, and those whose claim may be stored or not. */
  readonly theirs: readonly number[];
  readonly unknown: readonly number[];
  /** Draws with the request id of an earlier one in the round, with that one's index. */
  readonly twins: ReadonlyMap<number, number>;
}

/** Claims the request ids of a round. */
export async function claimDraws(context: DrawContext, draws: readonly DrawRequest[]): Promise<ClaimedDraws> {
  const twins = new Map<number, number>();
  const firsts = new Map<string, number>();
  const asked: [number, Claim][] = [];
  for (const [index, { idempotency }] of draws.entries()) {
    if (idempotency === null) continue;
    const first = firsts.get(idempotency.key);
    if (first !== undefined) {
      twins.set(index, first);
      continue;
    }
    firsts.set(idempotency.key, index);
    asked.push([index, { ...idempotency, claim: context.options.newId() }]);
  }
  const fates = await claimRequests(
    context,
    asked.map(([, claim]) => claim),
  );
  const withFate = (fate: string) => asked.filter((_, i) => fates[i] === fate);
  const claims = new Map(withFate('ours'));
  const fresh = [...draws.keys()].filter((index) => draws[index]?.idempotency === null || claims.has(index));
  const indexes = (some: readonly [number, Claim][]) => some.map(([index]) => index);
  return { fresh, claims, theirs: indexes(withFate('theirs')), unknown: indexes(withFate('unknown')), twins };
}

/** Answers draws whose request ids are others': with the draws that those name. */
export async function replayDraws(
  context: DrawContext,
  draws: readonly DrawRequest[],
  indexes: readonly number[],
): Promise<Map<number, DrawResult>> {
  const asked = indexes.flatMap((index) => {
    const draw = draws[index];
    return draw?.idempotency ? [{ index, draw, key: draw.idempotency.key }] : [];
  });
  const records = await findRequests(
    context,
    asked.map(({ key }) => key),
  ).catch((error: unknown) => {
    if (error instanceof MongoError) return null;
    throw error;
  });
  // The rest of the round goes on: its units are taken already.
  if (records === null) return new Map(asked.map(({ index }) => [index, { kind: 'unavailable' }]));
  const answer = async (draw: DrawRequest, key: string): Promise<DrawResult> => {
    const record = records.get(key);
    if (record === undefined) return { kind: 'again' };
    try {
      return await replay(context, draw, record);
    } catch (error) {
      if (error instanceof MongoError) return { kind: 'unavailable' };
      throw error;
    }
  };
  return new Map(
    await Promise.all(asked.map(async ({ index, draw, key }) => [index, await answer(draw, key)] as const)),
  );
}

/** What a draw gets that came in one round with an earlier one of the same request id. */
export function twinResult(
  draw: DrawRequest | undefined,
  first: DrawRequest | undefined,
  result: DrawResult,
): DrawResult {
  const isSame = draw?.idempotency?.fingerprint === first?.idempotency?.fingerprint;
  if (isSame) return result.kind === 'drawn' ? { ...result, replayed: true } : result;
  // Its other fields are of no account while the id names no draw.
  return result.kind === 'drawn' || result.kind === 'gone' ? { kind: 'reused' } : { kind: 'again' };
}

/**
 * Gives up the request ids of draws that were not served, so that another call with them is a fresh one. While the
 * store does not answer (`failed`, or an answer says so) nobody waits for that.
 */
export async function releaseUnserved(
  context: DrawContext,
  claims: ReadonlyMap<number, Claim>,
  results: ReadonlyMap<number, DrawResult>,
  failed: boolean,
): Promise<void> {
  const unserved = [...claims].flatMap(([index, claim]) =>
    results.get(index)?.kind === 'drawn' ? [] : [claim],
  );
  const isOut = failed || [...results.values()].some(({ kind }) => kind === 'unavailable');
  if (isOut) {
    if (unserved.length > 0)
      context.background.run('Giving up request ids', () => releaseClaims(context, unserved));
    return;
  }
  // One that stays is taken over when it is overdue.
  await releaseClaims(context, unserved).catch((error: unknown) => {
    if (!(error instanceof MongoError)) throw error;
  });
}
