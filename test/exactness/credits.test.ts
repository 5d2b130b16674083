import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { CreditPool } from '../../src/model/credit.ts';
import { stampGrainMs } from '../../src/model/meter.ts';
import { guardMs } from '../../src/model/tier.ts';
import type { Charge, Store } from '../../src/store/port.ts';
import { chargeOf, poolOf } from '../support/charging.ts';
import { creditsUnderLoad } from '../support/credit-load.ts';
import { assertWithinLimits, creditsOf, type GrantedCredits } from '../support/credit-windows.ts';
import { seededRandom, wholeBetween } from '../support/load-random.ts';
import { mongodbHarness } from '../support/mongodb-harness.ts';

it(
  'No identity is over its credits, and all are served, by 4 processes on one MongoDB',
  {
    timeout: 90_000,
  },
  (t) => creditsUnderLoad(t, { seconds: 50, untilSpent: true, seed: 1 }),
);

const WINDOW_MS = 1500;
const WINDOWS = 3;
const OWN = [5, 20, 32, 33, 60].map((limit, i) => poolOf(limit, `c:${i}`, WINDOW_MS));
const OWNERS = [40, 70].map((limit, i) => poolOf(limit, `o:${i}`, WINDOW_MS));

/** A pool's window, and all that its credits stay out longer. */
const spanOf = ({ limit }: CreditPool): number => limit.windowMs + guardMs(limit) + stampGrainMs(limit);

function chargeRandomly(random: () => number): Charge {
  const own = OWN[wholeBetween(random, 0, OWN.length - 1)] ?? assert.fail('there are pools');
  const owner = OWNERS[wholeBetween(random, 0, OWNERS.length)];
  return chargeOf(owner === undefined ? [own] : [own, owner], wholeBetween(random, 1, 4));
}

/** Charges until the store's time is `endAt`; notes what was granted by pool, at the store's moment. */
async function spend(
  store: Store,
  endAt: number,
  random: () => number,
  granted: Map<string, GrantedCredits[]>,
): Promise<void> {
  while (store.now() < endAt) {
    const charges = Array.from({ length: wholeBetween(random, 1, 12) }, () => chargeRandomly(random));
    const results = await store.chargeRound(charges);
    for (const [i, result] of results.entries()) {
      const charge = charges[i];
      if (result.kind !== 'charged' || !result.granted || charge === undefined) continue;
      for (const { id } of charge.pools) {
        const grants = granted.get(id) ?? [];
        granted.set(id, grants);
        grants.push({ at: result.at, cost: charge.cost });
      }
    }
  }
}

it('No pool is over in any trailing window, wherever it starts, by 4 openings of one MongoDB', async (t) => {
  const harness = await mongodbHarness();
  t.after(harness.close);
  const stores = await harness.openMany(4);
  const granted = new Map<string, GrantedCredits[]>();
  const [first] = stores;
  if (first === undefined) return assert.fail('no store was opened');
  const pools = [...OWN, ...OWNERS];
  const longestMs = Math.max(...pools.map(spanOf));
  const endAt = first.now() + WINDOWS * longestMs;
  await Promise.all(
    stores.flatMap((store, i) => [0, 1].map((j) => spend(store, endAt, seededRandom(i * 10 + j), granted))),
  );
  const limits = new Map(pools.map(({ id, limit }) => [id, limit.limit]));
  assertWithinLimits(granted, (id) => limits.get(id) ?? 0, WINDOW_MS);
  for (const pool of OWN) {
    const served = creditsOf(granted.get(pool.id) ?? []);
    assert.ok(served >= 0.95 * WINDOWS * pool.limit.limit, `${pool.id}: only ${served} were served`);
  }
});
