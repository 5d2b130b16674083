import type { Context } from '../../src/domain/context.ts';
import { newBudgets } from '../../src/domain/edit-budgets.ts';
import { sealValue, valueHintOf } from '../../src/domain/key-secrets.ts';
import { type Key, PLAIN_TRAITS, WELL } from '../../src/model/key.ts';
import { NOWHERE, placesOf } from '../../src/model/place.ts';
import type { Tier } from '../../src/model/tier.ts';

const BATCH = 1000;
/** Checked on every draw, never reached. */
const BUDGETS = newBudgets([{ limit: Number.MAX_SAFE_INTEGER, windowMs: null, periods: null }], 0);

function newKey(context: Context, tier: Tier, name: string, moment: { rank: number; now: number }): Key {
  const id = context.newId();
  const value = `upstream-value-of-${name}`;
  const row: Key = {
    ...NOWHERE,
    ...BUDGETS,
    id,
    name,
    tierId: tier.id,
    fingerprint: context.fingerprint(value),
    valueHint: valueHintOf(value),
    value: sealValue(context.sealer, id, value),
    secrets: {},
    metadata: {},
    state: 'active',
    stateReason: '',
    expireAt: null,
    revision: tier.revision,
    placed: tier.revision,
    takenAt: 0,
    meters: {},
    open: [],
    traits: PLAIN_TRAITS,
    health: WELL,
    holds: [],
    lastRank: {},
    freshRank: moment.rank,
    version: 1,
    createdAt: moment.now,
    updatedAt: moment.now,
  };
  return { ...row, ...placesOf(row, tier, moment.now) };
}

/** Adds keys to a tier as `BatchCreateKeys` would, but for the admin events. Gives the ids of the last batch. */
export async function addKeys(context: Context, tierId: string, count: number): Promise<readonly string[]> {
  let ids: readonly string[] = [];
  for (let from = 0; from < count; from += BATCH) {
    const size = Math.min(BATCH, count - from);
    const rows = await context.store.createKeys(tierId, (tier, freshRank, now) => ({
      keys: Array.from({ length: size }, (_, i) =>
        newKey(context, tier, `key-${tierId}-${from + i}`, { rank: freshRank(), now }),
      ),
      events: [],
    }));
    ids = rows.map((row) => row.id);
  }
  return ids;
}
