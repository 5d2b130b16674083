import {
  type Grant,
  planRound,
  type RoundReply,
  type RoundResult,
  type RoundStep,
  type Shortage,
} from '../../model/round.ts';
import type { DrawRequest, DrawResult } from '../port.ts';
import { findKey, readPage } from './candidates.ts';
import { type GroupedDraws, groupDraws } from './draw-groups.ts';
import { leaveWithinMs } from './leave-by.ts';
import { replay } from './replay.ts';
import { drawnOf, type Round, type RoundParts, staleTier, takeRequest } from './round-context.ts';
import { createRoundKeys } from './round-keys.ts';
import type { NewUsageEvents } from './usage-events.ts';

/** Runs the steps of the plan against the database. Candidates' ids are the keys' numbers as text. */
function runPlan(round: Round, groups: readonly GroupedDraws[]): RoundResult {
  const plan = planRound(
    groups.map(({ group }) => group),
    round.time,
    round.scans,
  );
  let step = plan.next();
  while (!step.done) {
    step = plan.next(answer(round, groups, step.value));
  }
  return step.value;
}

function answer(round: Round, groups: readonly GroupedDraws[], asked: RoundStep): RoundReply {
  const { now, affinities } = round;
  switch (asked.kind) {
    case 'read':
      round.keys.flush();
      return { kind: 'read', now, pages: asked.reads.map((read) => readPage(round, read)) };
    case 'take': {
      const replies = asked.takes.map(({ group, keyId, source, count, rank }) => {
        const { feature, units } = (groups[group] as GroupedDraws).group;
        const request = takeRequest(round, source, { feature, units, count, rank, charge: 'all' });
        return round.keys.take(Number(keyId), request, now);
      });
      return { kind: 'take', replies };
    }
    case 'recall':
      return { kind: 'recall', homes: asked.affinities.map((name) => affinities.recall(name, now)) };
    case 'find':
      return { kind: 'find', now, found: asked.keys.map((key) => findKey(round, key)) };
    case 'claim':
      // Nobody else writes meanwhile.
      for (const { affinity, to } of asked.claims) affinities.move(affinity, to, now);
      return { kind: 'claim', homes: asked.claims.map(({ to }) => to) };
  }
}

/** Adds the audit row, and writes the request record if any, of each draw that a grant serves. */
function serveGrant(
  round: Round,
  events: NewUsageEvents,
  grant: Grant,
  served: readonly number[],
  draws: readonly DrawRequest[],
  results: (DrawResult | undefined)[],
): void {
  const key = Number(grant.keyId);
  const credential = round.credentials.read(key);
  const state = round.keys.state(key);
  if (credential === null || state === null) throw new Error('a key that granted units is gone');
  const { source, took } = grant;
  const own = { limits: source.limits, budgets: state.budgets };
  const leaveBy = round.sentAt + leaveWithinMs(own, round.keys.groupOf(state), round.now);
  for (const [i, index] of served.entries()) {
    const draw = draws[index] as DrawRequest;
    const facts = {
      at: took.at,
      key,
      tierId: source.tierId,
      take: took.take,
      serial: i * draw.units,
    };
    const drawId = `${facts.take}.${facts.serial}`;
    const event = events.append(draw, facts);
    if (draw.idempotency !== null) {
      const { fingerprint, key: request } = draw.idempotency;
      const record = { event, fingerprint, drawId, drawnAt: took.at, key, leaveBy, run: round.run };
      round.records.insert(request, record, round.now);
    }
    results[index] = drawnOf(credential, state, source.tierId, {
      drawId,
      at: took.at,
      leaveBy,
      replayed: false,
    });
  }
}

function resultOfShortage(shortage: Shortage): DrawResult {
  if (shortage.kind === 'none') throw new Error('a draw was neither served nor refused');
  return shortage;
}

/** Serves the draws at `indexes`, none of which repeats another. */
function serveFresh(
  round: Round,
  draws: readonly DrawRequest[],
  indexes: readonly number[],
  results: (DrawResult | undefined)[],
): void {
  const groups = groupDraws(draws, indexes).filter(({ group, members }) => {
    const tierId = staleTier(round, group.queues);
    if (tierId !== null) for (const index of members) results[index] = { kind: 'stale', tierId };
    return tierId === null;
  });
  const { grants, shortages } = runPlan(round, groups);
  const events = round.events.begin();
  const next = groups.map(() => 0);
  for (const grant of grants) {
    const from = next[grant.group] ?? 0;
    const served = groups[grant.group]?.members.slice(from, from + grant.draws) ?? [];
    next[grant.group] = from + grant.draws;
    serveGrant(round, events, grant, served, draws, results);
  }
  for (const [i, { members }] of groups.entries())
    for (const index of members.slice(next[i])) results[index] = resultOfShortage(shortages[i] as Shortage);
  if (grants.length > 0) events.write();
}

/**
 * Serves draws that arrived together, inside one write. `now`: the store's moment in ms; `sentAt`: the monotonic moment
 * before the write began.
 */
export function drawRound(
  parts: RoundParts,
  draws: readonly DrawRequest[],
  now: number,
  sentAt: number,
): readonly DrawResult[] {
  const round: Round = { ...parts, now, sentAt, keys: createRoundKeys(parts) };
  const results: (DrawResult | undefined)[] = draws.map(() => undefined);
  const fresh: number[] = [];
  const firstOf = new Map<string, number>();
  for (const [index, draw] of draws.entries()) {
    const request = draw.idempotency?.key;
    const record = request === undefined ? null : round.records.find(request, now);
    if (record !== null) results[index] = replay(round, draw, record);
    else if (request === undefined || !firstOf.has(request)) fresh.push(index);
    if (request !== undefined && !firstOf.has(request)) firstOf.set(request, index);
  }
  serveFresh(round, draws, fresh, results);
  round.keys.flush();
  return draws.map((draw, index) => results[index] ?? resultOfTwin(draw, draws, results, firstOf));
}

/**
 * What a draw gets whose request id came twice in the round: what the first got. One that asks for another thing is
 * refused where the first was served, and else comes to its own turn in the next round.
 */
function resultOfTwin(
  draw: DrawRequest,
  draws: readonly DrawRequest[],
  results: readonly (DrawResult | undefined)[],
  firstOf: ReadonlyMap<string, number>,
): DrawResult {
  const first = firstOf.get(draw.idempotency?.key ?? '') ?? -1;
  const result = results[first];
  if (result === undefined) throw new Error('a draw of the round got no result');
  const isSame = draws[first]?.idempotency?.fingerprint === draw.idempotency?.fingerprint;
  if (isSame) return result.kind === 'drawn' ? { ...result, replayed: true } : result;
  return { kind: result.kind === 'drawn' ? 'reused' : 'again' };
}
