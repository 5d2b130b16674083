import type { UsageRecord } from '../../model/audit.ts';
import type { Charge } from '../port.ts';
import { type PoolPlan, runOf } from './charge-plan.ts';
import { type ChargeClaim, claimCharges } from './charged-requests.ts';
import type { MongoContext } from './context.ts';

/** Charges that arrived together. */
export interface ChargingRound {
  /** The id of its takes. */
  readonly take: string;
  readonly charges: readonly Charge[];
  readonly plans: ReadonlyMap<string, PoolPlan>;
}

/** A round's charges by what their request ids say of them, by index. */
export interface ClaimedCharges {
  /** To be charged. */
  readonly fresh: ReadonlySet<number>;
  /** Another call has their request id, or had. */
  readonly theirs: readonly number[];
  /** With the request id of an earlier one in the round, with that one's index. */
  readonly twins: ReadonlyMap<number, number>;
}

/** The event as it is written: of a charge that can be put on record by others too, once. */
export function recordedEvent({ event, idempotency }: Charge): UsageRecord | null {
  return event === null || idempotency === null ? event : { ...event, once: true };
}

function claimOf({ take, charges, plans }: ChargingRound, index: number): ChargeClaim[] {
  const charge = charges[index];
  if (charge?.idempotency == null) return [];
  const { key, fingerprint } = charge.idempotency;
  const { cost } = charge;
  const pools = charge.pools.flatMap((pool) => {
    const plan = plans.get(pool.id);
    return plan === undefined ? [] : [{ ...pool, run: runOf(plan, index) }];
  });
  return [{ _id: key, fingerprint, take, cost, pools, event: recordedEvent(charge) }];
}

/** Claims the request ids of a round. Charges whose claim may be stored or not are in none of the groups. */
export async function claimRound(context: MongoContext, round: ChargingRound): Promise<ClaimedCharges> {
  const firsts = new Map<string, number>();
  const twins = new Map<number, number>();
  const fresh = new Set<number>();
  for (const [index, { idempotency }] of round.charges.entries()) {
    if (idempotency === null) fresh.add(index);
    else if (firsts.has(idempotency.key)) twins.set(index, firsts.get(idempotency.key) ?? 0);
    else firsts.set(idempotency.key, index);
  }
  const asked = [...firsts.values()];
  const fates = await claimCharges(
    context,
    asked.flatMap((index) => claimOf(round, index)),
  );
  const theirs: number[] = [];
  for (const [i, index] of asked.entries()) {
    if (fates[i] === 'ours') fresh.add(index);
    else if (fates[i] === 'theirs') theirs.push(index);
  }
  return { fresh, theirs, twins };
}
