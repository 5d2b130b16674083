import { randomBytes } from 'node:crypto';
import { v7 as uuid } from 'uuid';
import type { AdminEvent } from '../../src/model/audit.ts';
import type { Consumer } from '../../src/model/consumer.ts';
import { type Key, PLAIN_TRAITS, WELL } from '../../src/model/key.ts';
import { placesOf } from '../../src/model/place.ts';
import type { Feature, Limit, Tier } from '../../src/model/tier.ts';
import type { Store } from '../../src/store/port.ts';
import { tierOf } from './key-state.ts';

/** The audit row of some change. */
export function eventOf(action: string, parts: Partial<AdminEvent> = {}): AdminEvent {
  return {
    id: uuid(),
    at: Date.UTC(2025, 0),
    actor: { kind: 'root' },
    action,
    resourceType: 'tier',
    resourceId: 'tier',
    changes: [],
    requestId: 'request-1',
    peerAddress: '127.0.0.1',
    ...parts,
  };
}

/** A key of a tier, in its places, that was never drawn. */
export function keyOf(tier: Tier, freshRank: number, now: number, parts: Partial<Key> = {}): Key {
  const id = parts.id ?? uuid();
  const key: Key = {
    id,
    tierId: tier.id,
    name: `key ${id.slice(-4)}`,
    fingerprint: randomBytes(16).toString('hex'),
    valueHint: 'ue-1',
    value: 'upstream-value-1',
    secrets: {},
    metadata: {},
    state: 'active',
    stateReason: '',
    expireAt: null,
    revision: tier.revision,
    placed: tier.revision,
    takenAt: 0,
    meters: {},
    budgets: [],
    epoch: 8,
    open: [],
    traits: PLAIN_TRAITS,
    health: WELL,
    holds: [],
    lastRank: {},
    freshRank,
    ready: {},
    due: {},
    version: 1,
    createdAt: now,
    updatedAt: now,
    ...parts,
  };
  return { ...key, ...placesOf(key, tier, now) };
}

export function consumerOf(parts: Partial<Consumer> = {}): Consumer {
  return {
    id: uuid(),
    name: 'consumer',
    description: '',
    owner: '',
    environment: 'live',
    scopes: [],
    allowedIps: [],
    creditsPerMinute: null,
    creditLimits: [],
    state: 'active',
    revocation: null,
    expireAt: null,
    tokenHash: randomBytes(32).toString('hex'),
    previousToken: null,
    grantedTierIds: [],
    lastUsedAt: null,
    version: 1,
    createdAt: Date.UTC(2025, 0),
    updatedAt: Date.UTC(2025, 0),
    ...parts,
  };
}

/** Creates a tier with these limits by feature. */
export async function addTier(
  store: Store,
  features: Readonly<Record<string, readonly Limit[]>>,
  id = 'tier',
): Promise<Tier> {
  const tier = tierOf(features, id);
  await store.createTier(tier, eventOf('CreateTier', { resourceId: id }));
  return tier;
}

/** Creates one key for each of `parts`. */
export function addKeys(
  store: Store,
  tierId: string,
  parts: readonly Partial<Key>[],
): Promise<readonly Key[]> {
  return store.createKeys(tierId, (tier, freshRank, now) => ({
    keys: parts.map((part) => keyOf(tier, freshRank(), now, part)),
    events: [],
  }));
}

/** Creates one key. */
export async function addKey(store: Store, tierId: string, parts: Partial<Key> = {}): Promise<Key> {
  const [key] = await addKeys(store, tierId, [parts]);
  if (key === undefined) throw new Error('a key was created and not returned');
  return key;
}

/** As many equal keys. */
export function same(count: number, parts: Partial<Key> = {}): Partial<Key>[] {
  return Array.from({ length: count }, () => ({ ...parts }));
}

/** Replaces a tier's features, as an admin would. */
export function editFeatures(store: Store, id: string, features: readonly Feature[]): Promise<Tier> {
  return store.editTier(id, (tier) => ({
    row: { ...tier, features, revision: tier.revision + 1, updatedAt: tier.updatedAt + 1 },
    event: eventOf('UpdateTier', { resourceId: id }),
  }));
}

/** Changes a key and works out its places anew, as an admin would. */
export function editKey(store: Store, id: string, change: (key: Key) => Partial<Key>): Promise<Key> {
  return store.editKey(id, (key, tier, now) => {
    const edited: Key = { ...key, ...change(key), version: key.version + 1, updatedAt: now };
    return {
      row: { ...edited, ...placesOf(edited, tier, now), placed: tier.revision },
      event: eventOf('UpdateKey', { resourceType: 'key', resourceId: id }),
    };
  });
}
