import type { KeyState } from '../../model/key.ts';
import { isUsable } from '../../model/place.ts';
import type { DrawQueue } from '../../model/round.ts';
import { STRIDE, TURN_MIN } from '../../model/virtual-time.ts';
import type { DrawRequest, DrawResult } from '../port.ts';
import { leaveWithinMs } from './leave-by.ts';
import type { RequestRecord } from './request-records.ts';
import { drawnOf, type Round, staleTier, takeRequest } from './round-context.ts';

const GONE: DrawResult = { kind: 'gone' };

/** Takes the rate units of a use that comes too late to be the use of its first take. Budgets are not touched. */
function takeRateAnew(
  round: Round,
  draw: DrawRequest,
  record: RequestRecord,
  source: DrawQueue,
): DrawResult | null {
  const { feature, units } = draw;
  const state = round.keys.state(record.key);
  const request = takeRequest(round, source, {
    feature,
    units,
    count: 1,
    rank:
      source.policy.strategy === 'fill_first' && state !== null
        ? state.freshRank
        : round.time.turnOf([source.queue], TURN_MIN) + STRIDE,
    charge: 'rate',
  });
  const took = round.keys.take(record.key, request, round.now);
  if (took === null || took.reason === 'unusable') return GONE;
  if (took.reason === 'stale') return { kind: 'stale', tierId: source.tierId };
  if (took.reason === 'granted') return null;
  return took.nextAt === null ? GONE : { kind: 'exhausted', nextAt: took.nextAt };
}

/** Until when the value of a replayed draw may leave without new rate units. */
function leaveByOf(round: Round, record: RequestRecord, withinMs: number): number {
  if (withinMs === Infinity) return Infinity;
  // Another run's clock cannot be compared with, and a take made when no window bound was counted in none.
  return record.run === round.run && record.leaveBy !== Infinity ? record.leaveBy : -Infinity;
}

/** Answers a retry with the draw that its request id stands for, where it may still be handed out. */
export function replay(round: Round, draw: DrawRequest, record: RequestRecord): DrawResult {
  if (draw.idempotency?.fingerprint !== record.fingerprint) return { kind: 'reused' };
  const credential = round.credentials.read(record.key);
  const state: KeyState | null = round.keys.state(record.key);
  if (credential === null || state === null || !isUsable(state, round.now)) return GONE;
  const source = draw.queues.find(({ tierId }) => round.names.find(tierId) === credential.tier);
  if (source === undefined) return GONE;
  const own = { limits: source.limits, budgets: state.budgets };
  const withinMs = leaveWithinMs(own, round.keys.groupOf(state), round.now);
  let leaveBy = leaveByOf(round, record, withinMs);
  if (round.sentAt >= leaveBy) {
    if (staleTier(round, [source]) !== null) return { kind: 'stale', tierId: source.tierId };
    const refused = takeRateAnew(round, draw, record, source);
    if (refused !== null) return refused;
    leaveBy = round.sentAt + withinMs;
    round.records.renewLeaveBy(record.event, leaveBy, round.run);
  }
  return drawnOf(credential, state, source.tierId, {
    drawId: record.drawId,
    at: record.drawnAt,
    leaveBy,
    replayed: true,
  });
}
