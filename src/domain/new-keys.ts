import { type Key, PLAIN_TRAITS, WELL } from '../model/key.ts';
import { NOWHERE, placesOf } from '../model/place.ts';
import type { Tier } from '../model/tier.ts';
import type { StoreError } from '../store/errors.ts';
import { adminEvent } from './admin-event.ts';
import type { Call, Context } from './context.ts';
import { describeWholeKey } from './describe-key.ts';
import { newBudgets } from './edit-budgets.ts';
import { KeypoolError } from './errors.ts';
import { changesBetween } from './field-changes.ts';
import type { NewKey } from './key-fields.ts';
import { sealSecrets, sealValue, valueHintOf } from './key-secrets.ts';
import { type KeyView, viewKey } from './key-view.ts';
import { quotaGroupNotFound, tierNotFound } from './not-found.ts';
import { stored } from './store-errors.ts';

/** A new key before its tier is known: sealed, fingerprinted, with its id. */
type Prepared = Pick<
  Key,
  'id' | 'name' | 'fingerprint' | 'valueHint' | 'value' | 'secrets' | 'metadata' | 'state' | 'stateReason'
> &
  Pick<Key, 'expireAt' | 'budgets' | 'epoch'> & { readonly traits: Partial<Key['traits']> };

function prepare(context: Context, key: NewKey): Prepared {
  const id = context.newId();
  return {
    id,
    name: key.name,
    fingerprint: context.fingerprint(key.value),
    valueHint: valueHintOf(key.value),
    value: sealValue(context.sealer, id, key.value),
    secrets: sealSecrets(context.sealer, id, key.secrets),
    metadata: key.metadata,
    state: key.state,
    stateReason: key.stateReason,
    expireAt: key.expireAt,
    ...newBudgets(key.budgets, context.store.now()),
    traits: key.traits ?? {},
  };
}

function rowOf(prepared: Prepared, tier: Tier, freshRank: number, now: number): Key {
  const row: Key = {
    ...prepared,
    ...NOWHERE,
    tierId: tier.id,
    revision: tier.revision,
    placed: tier.revision,
    takenAt: 0,
    meters: {},
    open: [],
    traits: { ...PLAIN_TRAITS, ...prepared.traits, rampFrom: tier.policy.ramp === null ? null : now },
    health: WELL,
    holds: [],
    lastRank: {},
    freshRank,
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
  return { ...row, ...placesOf(row, tier, now) };
}

/** `index`: which key of the request, where that is known; never the value. */
export function keyExists(tierId: string, index: number | null): KeypoolError {
  const metadata = { tier_id: tierId, ...(index === null ? {} : { index: String(index) }) };
  const which = index === null ? 'One of the keys' : `Key ${index} of the request`;
  return new KeypoolError(
    'KEY_EXISTS',
    `${which} has a value that is in tier ${tierId} already. Two rows for one upstream key would double its limit.`,
    { metadata },
  );
}

function refuseDoubles(tierId: string, prepared: readonly Prepared[]): void {
  const seen = new Set<string>();
  for (const [i, { fingerprint }] of prepared.entries()) {
    if (seen.has(fingerprint)) throw keyExists(tierId, i);
    seen.add(fingerprint);
  }
}

/** The group that the store did not find; of several that may be it, the first. */
function groupOf(keys: readonly NewKey[], index: number | null): string {
  const named = index === null ? keys.find(({ traits }) => traits?.groupId != null) : keys[index];
  return named?.traits?.groupId ?? '';
}

/** Writes checked keys into a tier, all or none. Errors: TIER_NOT_FOUND, KEY_EXISTS, QUOTA_GROUP_NOT_FOUND. */
export async function addKeys(
  context: Context,
  call: Call,
  action: 'CreateKey' | 'BatchCreateKeys' | 'ImportKeys',
  input: { readonly tierId: string; readonly keys: readonly NewKey[] },
): Promise<readonly KeyView[]> {
  const prepared = input.keys.map((key) => prepare(context, key));
  refuseDoubles(input.tierId, prepared);
  const creating = context.store.createKeys(input.tierId, (tier, freshRank, now) => {
    const keys = prepared.map((key) => rowOf(key, tier, freshRank(), now));
    const events = keys.map((key) => ({
      ...adminEvent(context, call, {
        action,
        resourceType: 'key',
        resourceId: key.id,
        changes: changesBetween(null, describeWholeKey(key)),
      }),
      at: now,
    }));
    return { keys, events };
  });
  const rows = await stored(creating, {
    'not-found': () => tierNotFound(input.tierId),
    'no-group': (error: StoreError) => quotaGroupNotFound(groupOf(input.keys, error.index)),
    exists: (error: StoreError) => keyExists(input.tierId, input.keys.length === 1 ? 0 : error.index),
  });
  const now = context.store.now();
  return rows.map((row) => viewKey(row, now));
}
