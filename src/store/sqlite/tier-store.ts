import { isDeepStrictEqual } from 'node:util';
import type { Job } from '../../model/job.ts';
import type { Tier } from '../../model/tier.ts';
import { placesAlike } from '../../model/tier-policy.ts';
import { StoreError } from '../errors.ts';
import type { Change, TierStore } from '../port.ts';
import type { Core } from './core.ts';
import { prepare } from './statement.ts';

/** More changed consumers than this are announced as a change of everything. */
const ANNOUNCED_MAX = 100;

/** The tier, or `StoreError` `not-found`. */
export function requireTier(core: Core, id: string): Tier {
  const tier = core.tiers.read(id);
  if (tier === null) throw new StoreError('not-found', `there is no tier ${id}`);
  return tier;
}

function consumerChanges(ids: readonly string[]): readonly Change[] {
  if (ids.length > ANNOUNCED_MAX) return [{ kind: 'all' }];
  return ids.map((id) => ({ kind: 'consumer', id }));
}

export function createTierStore(core: Core): TierStore {
  const { db, transactions, tiers, jobs, adminEvents, names } = core;
  const countKeys = prepare<{ n: number }>(db, 'SELECT count(*) AS n FROM keys WHERE tier = ?');
  const anyKey = prepare<{ no: number }>(db, 'SELECT no FROM keys WHERE tier = ? LIMIT 1');
  const granted = prepare<{ consumer: string }>(
    db,
    'SELECT DISTINCT consumer FROM grants WHERE tier = ? ORDER BY consumer',
  );
  const raiseVersions = prepare(
    db,
    `UPDATE consumers SET version = version + 1, updated_at = ?
     WHERE id IN (SELECT consumer FROM grants WHERE tier = ?)`,
  );
  const removeGrants = prepare(db, 'DELETE FROM grants WHERE tier = ?');
  const placeJob = (tier: Tier): Job => {
    const now = core.now();
    return {
      id: core.options.newId(),
      kind: 'place-keys',
      tierId: tier.id,
      revision: tier.revision,
      state: 'running',
      done: 0,
      total: countKeys.get(names.find(tier.id))?.n ?? 0,
      createdAt: now,
      updatedAt: now,
    };
  };
  return {
    createTier: async (tier, event) => {
      transactions.write(() => {
        tiers.insert(tier);
        adminEvents.append(event);
      });
      core.announce({ kind: 'tier', id: tier.id });
    },
    getTier: async (id) => transactions.read(() => tiers.read(id)),
    listTiers: async (page) => transactions.read(() => tiers.list(page)),
    editTier: async (id, edit) => {
      const edited = transactions.write(() => {
        const before = requireTier(core, id);
        const { row, event } = edit(before);
        if (event === null) return { row, isChanged: false };
        tiers.update(row);
        const isPlacedAnew =
          !placesAlike(before.policy, row.policy) || !isDeepStrictEqual(before.features, row.features);
        if (isPlacedAnew) jobs.insert(placeJob(row));
        adminEvents.append(event);
        return { row, isChanged: true };
      });
      if (edited.isChanged) core.announce({ kind: 'tier', id });
      return edited.row;
    },
    deleteTier: async (id, check) => {
      const consumers = transactions.write(() => {
        const consumers = granted.all(id).map((row) => row.consumer);
        const event = check(requireTier(core, id), consumers);
        if (anyKey.get(names.find(id)) !== undefined)
          throw new StoreError('not-empty', `the tier ${id} has keys`);
        raiseVersions.run(core.now(), id);
        removeGrants.run(id);
        jobs.removeOfTier(id);
        tiers.remove(id);
        adminEvents.append(event);
        return consumers;
      });
      core.announce({ kind: 'tier', id }, ...consumerChanges(consumers));
    },
  };
}
