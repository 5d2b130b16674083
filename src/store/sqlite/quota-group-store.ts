import { StoreError } from '../errors.ts';
import type { QuotaGroupStore } from '../port.ts';
import type { Core } from './core.ts';
import { createGroupWake } from './group-members.ts';

/** The quota group, or `StoreError` of `kind`. */
export function requireGroup(core: Pick<Core, 'quotaGroups'>, id: string, kind: 'not-found' | 'no-group') {
  const group = core.quotaGroups.read(id);
  if (group === null) throw new StoreError(kind, `there is no quota group ${id}`);
  return group;
}

export function createQuotaGroupStore(core: Core): QuotaGroupStore {
  const { transactions, quotaGroups, groupMembers, adminEvents } = core;
  const wake = createGroupWake(core);
  return {
    createGroup: async (group, event) => {
      transactions.write(() => {
        quotaGroups.insert(group);
        adminEvents.append(event);
      });
    },
    getGroup: async (id) => transactions.read(() => quotaGroups.read(id)),
    listGroups: async (page) => transactions.read(() => quotaGroups.list(page)),
    editGroup: async (id, edit) => {
      const { row, freed } = transactions.write(() => {
        const edited = edit(requireGroup(core, id, 'not-found'), core.now());
        if (edited.event === null) return { row: edited.row, freed: [] };
        quotaGroups.update(edited.row);
        adminEvents.append(edited.event);
        return { row: edited.row, freed: wake(id) };
      });
      core.announce(...freed.map((tierId) => ({ kind: 'freed', tierId }) as const));
      return row;
    },
    deleteGroup: async (id, check) => {
      transactions.write(() => {
        const event = check(requireGroup(core, id, 'not-found'));
        if (groupMembers.list(id, 1).length > 0)
          throw new StoreError('not-empty', `the quota group ${id} has keys`);
        quotaGroups.remove(id);
        adminEvents.append(event);
      });
    },
  };
}
