import assert from 'node:assert/strict';
import { PLAIN_TRAITS } from '../../src/model/key.ts';
import type { QuotaGroup } from '../../src/model/quota-group.ts';
import type { Store } from '../../src/store/port.ts';
import { eventOf } from './store-rows.ts';

/** A quota group that has counted nothing. */
export function groupOf(id: string, parts: Partial<QuotaGroup> = {}): QuotaGroup {
  return {
    id,
    description: '',
    limits: [],
    meters: {},
    budgets: [],
    epoch: 8,
    open: [],
    takenAt: 0,
    applied: [],
    version: 1,
    createdAt: 0,
    updatedAt: 0,
    ...parts,
  };
}

/** Creates the quota group `account`. */
export async function addGroup(store: Store, parts: Partial<QuotaGroup> = {}): Promise<QuotaGroup> {
  const group = groupOf(parts.id ?? 'account', parts);
  await store.createGroup(group, eventOf('CreateQuotaGroup', { resourceId: group.id }));
  return group;
}

/** Changes a quota group as an admin would. */
export function editGroup(
  store: Store,
  id: string,
  change: (group: QuotaGroup) => Partial<QuotaGroup>,
): Promise<QuotaGroup> {
  return store.editGroup(id, (group, now) => ({
    row: { ...group, ...change(group), version: group.version + 1, updatedAt: now },
    event: eventOf('UpdateQuotaGroup', { resourceId: id }),
  }));
}

/** The group as it stands. */
export async function groupNow(store: Store, id = 'account'): Promise<QuotaGroup> {
  return (await store.getGroup(id)) ?? assert.fail(`there is no quota group ${id}`);
}

/** What makes a key a member of the group. */
export function member(groupId: string | null = 'account') {
  return { traits: { ...PLAIN_TRAITS, groupId } };
}
