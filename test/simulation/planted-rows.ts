import type { Budget } from '../../src/model/budget.ts';
import type { Key } from '../../src/model/key.ts';
import { PLAIN_TRAITS, WELL } from '../../src/model/key.ts';
import { placesOf } from '../../src/model/place.ts';
import type { QuotaGroup } from '../../src/model/quota-group.ts';
import { groupFields } from '../../src/store/mongodb/group-document.ts';
import { toKeyDocument } from '../../src/store/mongodb/key-document.ts';
import type { Tables } from './document-store/tables.ts';
import { copyOf, isFields } from './document-store/values.ts';
import type { PlannedKey } from './planned-pool.ts';
import type { PlannedGroup } from './planned-sharing.ts';
import type { Schedule } from './schedule.ts';

/** Stores the tiers and keys of a schedule, on a majority from the beginning. */
export function plantRows(tables: Tables, { tiers, keys, groups }: Schedule): void {
  const put = (table: string, document: object & { readonly _id: string }) => {
    const copy = copyOf(document);
    const after = isFields(copy) ? { ...copy, _id: document._id } : null;
    tables.apply([{ table, id: document._id, after }], true);
  };
  for (const { id, ...tier } of tiers) put('tiers', { _id: id, ...tier });
  for (const group of groups)
    put('quota_groups', { _id: group.id, ...groupFields(groupOf(group), 'planted', null) });
  for (const [i, planned] of keys.entries()) {
    const tier = tiers.find(({ id }) => id === planned.tierId);
    if (tier === undefined) continue;
    const groupId = groups.find(({ keyIds }) => keyIds.includes(planned.id))?.id ?? null;
    const key = { ...keyOf(planned, i), traits: { ...PLAIN_TRAITS, groupId } };
    put('keys', toKeyDocument({ ...key, ...placesOf(key, tier, 0) }));
  }
  tables.commitTo(tables.position());
}

function freshBudgets(budgets: PlannedKey['budgets']): Budget[] {
  return budgets.map((budget, epoch) => ({
    ...budget,
    periods: null,
    used: 0,
    startAt: null,
    epoch: epoch + 1,
    countsFrom: 0,
  }));
}

function groupOf({ id, limits, budgets }: PlannedGroup): QuotaGroup {
  const counted = {
    budgets: freshBudgets(budgets),
    epoch: budgets.length,
    meters: {},
    open: [],
    applied: [],
  };
  return { id, description: '', limits, ...counted, takenAt: 0, version: 1, createdAt: 0, updatedAt: 0 };
}

function keyOf({ id, tierId, budgets }: PlannedKey, i: number): Key {
  return {
    id,
    tierId,
    name: id,
    fingerprint: id,
    valueHint: '',
    value: `upstream-value-${i}`,
    secrets: {},
    metadata: {},
    stateReason: '',
    placed: 1,
    version: 1,
    createdAt: 0,
    updatedAt: 0,
    state: 'active',
    expireAt: null,
    revision: 1,
    takenAt: 0,
    meters: {},
    budgets: freshBudgets(budgets),
    epoch: budgets.length,
    open: [],
    ready: {},
    due: {},
    lastRank: {},
    freshRank: i - 1e15,
    traits: PLAIN_TRAITS,
    health: WELL,
    holds: [],
  };
}
