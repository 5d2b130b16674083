import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DrawQueue } from '../../src/model/round.ts';
import { queueName, type Tier } from '../../src/model/tier.ts';
import type { Drawn, DrawRequest, DrawResult, Store } from '../../src/store/port.ts';

/** Rounds that one draw may be put off for before something must be wrong. */
const AGAIN_MAX = 2000;

/** The queues of a feature in those of `tiers` that have it. */
export function queuesOf(tiers: readonly Tier[], feature: string): DrawQueue[] {
  return tiers.flatMap((tier) =>
    tier.features
      .filter(({ name }) => name === feature)
      .map(({ limits }) => ({
        tierId: tier.id,
        queue: queueName(tier.id, feature),
        limits,
        policy: tier.policy,
        revision: tier.revision,
      })),
  );
}

/** A draw of one unit by the root token. */
export function drawOf(
  tiers: readonly Tier[],
  feature: string,
  parts: Partial<DrawRequest> = {},
): DrawRequest {
  return {
    feature,
    units: 1,
    queues: queuesOf(tiers, feature),
    consumerId: '',
    peerAddress: '127.0.0.1',
    requestId: 'request-1',
    idempotency: null,
    affinity: null,
    ...parts,
  };
}

/** Puts draws into one round, and those that it puts off into the next ones. Answers in their order. */
export async function drawAll(store: Store, draws: readonly DrawRequest[]): Promise<readonly DrawResult[]> {
  const results = new Map<number, DrawResult>();
  let waiting = draws.map((draw, i) => ({ draw, i }));
  for (let rounds = 0; waiting.length > 0; rounds++) {
    if (rounds > AGAIN_MAX) throw new Error(`${waiting.length} draws were put off for ${rounds} rounds`);
    const answers = await store.drawRound(waiting.map(({ draw }) => draw));
    for (const [n, { i }] of waiting.entries()) {
      const answer = answers[n];
      if (answer === undefined) throw new Error('a draw has no answer');
      results.set(i, answer);
    }
    waiting = waiting.filter(({ i }) => results.get(i)?.kind === 'again');
    if (waiting.length > 0) await nextTurn();
  }
  return draws.map((_, i) => results.get(i) ?? { kind: 'again' });
}

/** One draw, to its end. */
export async function drawOne(
  store: Store,
  tiers: readonly Tier[],
  feature: string,
  parts: Partial<DrawRequest> = {},
): Promise<DrawResult> {
  const [result] = await drawAll(store, [drawOf(tiers, feature, parts)]);
  return result ?? { kind: 'again' };
}

/** `count` draws at once. */
export function drawMany(
  store: Store,
  tiers: readonly Tier[],
  feature: string,
  count: number,
  parts: Partial<DrawRequest> = {},
): Promise<readonly DrawResult[]> {
  return drawAll(
    store,
    Array.from({ length: count }, () => drawOf(tiers, feature, parts)),
  );
}

/** The draws that were served. */
export function drawn(results: readonly DrawResult[]): Drawn[] {
  return results.filter((result) => result.kind === 'drawn');
}

/** One draw that must be served. */
export async function mustDraw(
  store: Store,
  tiers: readonly Tier[],
  feature: string,
  parts: Partial<DrawRequest> = {},
): Promise<Drawn> {
  const result = await drawOne(store, tiers, feature, parts);
  if (result.kind !== 'drawn') throw new Error(`a draw was not served: ${JSON.stringify(result)}`);
  return result;
}

/** How often each kind of answer occurs. */
export function kinds(results: readonly DrawResult[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { kind } of results) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** Served draws by key; keys in `all` that served none count as 0. */
export function perKey(
  results: readonly DrawResult[],
  all: readonly { readonly id: string }[],
): Map<string, number> {
  const counts = new Map(all.map(({ id }) => [id, 0]));
  for (const { keyId } of drawn(results)) counts.set(keyId, (counts.get(keyId) ?? 0) + 1);
  return counts;
}

/** Sends draws in rounds of `size`, as many rounds at the same time as the store takes. */
export async function drawInRounds(
  stores: readonly Store[],
  draws: readonly DrawRequest[],
  size: number,
): Promise<readonly DrawResult[]> {
  const results: DrawResult[] = [];
  let next = 0;
  const work = async (store: Store) => {
    while (next < draws.length) {
      const batch = draws.slice(next, next + size);
      next += batch.length;
      results.push(...(await drawAll(store, batch)));
    }
  };
  await Promise.all(stores.flatMap((store) => Array.from({ length: store.roundsMax }, () => work(store))));
  return results;
}
