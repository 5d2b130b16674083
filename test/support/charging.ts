import { randomBytes } from 'node:crypto';
import { v7 as uuid } from 'uuid';
import type { UsageRecord } from '../../src/model/audit.ts';
import { type CreditPool, creditLimit } from '../../src/model/credit.ts';
import type { Charge, Charged, ChargeResult, CreditStore } from '../../src/store/port.ts';
import { eventually } from './eventually.ts';

/** A pool of this many credits in a sliding window. */
export function poolOf(credits: number, id = 'pool', windowMs?: number): CreditPool {
  return { id, limit: creditLimit(credits, windowMs) };
}

export function chargeOf(pools: readonly CreditPool[], cost: number, parts: Partial<Charge> = {}): Charge {
  return { pools, cost, event: null, idempotency: null, ...parts };
}

/** The event of a token that was verified. */
export function verifyEvent(parts: Partial<UsageRecord> = {}): UsageRecord {
  return {
    id: uuid(),
    once: false,
    kind: 'verify',
    consumerId: 'consumer-1',
    units: 1,
    resource: '/chat',
    endpoint: null,
    statusCode: null,
    outcome: null,
    requestId: 'request-1',
    peerAddress: '127.0.0.1',
    ...parts,
  };
}

/** A request id that nobody else has, and what it is used for. */
export function freshRequest(fingerprint = 'fields'): { key: string; fingerprint: string } {
  return { key: randomBytes(16).toString('hex'), fingerprint };
}

/** Charges together until none of them has to come again. */
export async function chargeAll(
  store: Pick<CreditStore, 'chargeRound'>,
  charges: readonly Charge[],
): Promise<readonly Exclude<ChargeResult, { kind: 'again' }>[]> {
  const results = await store.chargeRound(charges);
  return Promise.all(
    results.map(async (result, i) => {
      const charge = charges[i];
      if (result.kind !== 'again' || charge === undefined)
        return result as Exclude<ChargeResult, { kind: 'again' }>;
      return eventually('a charge was settled', async () => {
        const [later] = await store.chargeRound([charge]);
        return later === undefined || later.kind === 'again' ? null : later;
      });
    }),
  );
}

/** Charges one that is decided. */
export async function chargeOne(store: Pick<CreditStore, 'chargeRound'>, charge: Charge): Promise<Charged> {
  const [result] = await chargeAll(store, [charge]);
  if (result?.kind !== 'charged') throw new Error(`the charge was ${result?.kind}`);
  return result;
}

/** How many were granted. */
export function grantedCount(results: readonly ChargeResult[]): number {
  return results.filter((result) => result.kind === 'charged' && result.granted).length;
}
