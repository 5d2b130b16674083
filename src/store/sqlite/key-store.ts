import type { Key } from '../../model/key.ts';
import { StoreError } from '../errors.ts';
import type { KeyFilter, KeyStore, Page, PageRequest } from '../port.ts';
import type { Core } from './core.ts';
import { toStoreError } from './driver-error.ts';
import { KEY_COLUMNS, KEY_TABLES, type KeyRow, type StoredKey } from './key-rows.ts';
import { afterId, pageOf, writeCursor } from './paging.ts';
import { requireGroup } from './quota-group-store.ts';
import { createStatementCache } from './statement-cache.ts';
import { requireTier } from './tier-store.ts';
import { createWhere } from './where.ts';

function createList(core: Core): (filter: KeyFilter, page: PageRequest) => Page<Key> {
  const statement = createStatementCache(core.db);
  return (filter, page) => {
    const where = createWhere('k.id > ?', afterId('keys', page.after));
    if (filter.tierId !== undefined) {
      const tier = core.names.find(filter.tierId);
      if (tier === null) return { items: [], next: null };
      where.add('k.tier = ?', tier);
    }
    where.add('k.state = ?', filter.state);
    where.add('k.quota_group = ?', filter.groupId);
    const rows = statement<KeyRow>(
      `SELECT ${KEY_COLUMNS} FROM ${KEY_TABLES} WHERE ${where.sql()} ORDER BY k.id LIMIT ?`,
    ).all(...where.values, page.limit + 1);
    return pageOf(rows, page.limit, core.keys.whole, (row) => writeCursor('keys', [row.id]));
  };
}

/** Has an error of one of several rows say which it was. */
function naming(index: number, work: () => void): void {
  try {
    work();
  } catch (error) {
    const known = toStoreError(error);
    if (!(known instanceof StoreError)) throw error;
    throw new StoreError(known.kind, known.message, { cause: known.cause, index });
  }
}

export function createKeyStore(core: Core): KeyStore {
  const { transactions, keys, adminEvents } = core;
  const list = createList(core);
  const insert = (key: Key): void => {
    if (key.traits.groupId !== null) requireGroup(core, key.traits.groupId, 'no-group');
    keys.insert(key);
  };
  const required = (id: string): StoredKey => {
    const stored = keys.read(id);
    if (stored === null) throw new StoreError('not-found', `there is no key ${id}`);
    return stored;
  };
  /** The key as it comes to the group that it names, where it was in another or in none. */
  const grouped = (row: Key, { traits, takenAt }: Key): Key => {
    const { groupId } = row.traits;
    if (groupId === traits.groupId) return row;
    const { groupAfter: _past, ...rest } = row.traits;
    if (groupId === null) return { ...row, traits: rest };
    requireGroup(core, groupId, 'no-group');
    return { ...row, traits: { ...rest, groupAfter: takenAt } };
  };
  return {
    createKeys: async (tierId, build) => {
      const created = transactions.write(() => {
        const tier = requireTier(core, tierId);
        const built = build(tier, core.freshRank, core.now());
        for (const [index, key] of built.keys.entries()) naming(index, () => insert(key));
        for (const event of built.events) adminEvents.append(event);
        return built.keys;
      });
      if (created.length > 0) core.announce({ kind: 'freed', tierId });
      return created;
    },
    getKey: async (id) => transactions.read(() => keys.read(id)?.key ?? null),
    listKeys: async (filter, page) => transactions.read(() => list(filter, page)),
    editKey: async (id, edit) => {
      const { row, event } = transactions.write(() => {
        const stored = required(id);
        const edited = edit(stored.key, requireTier(core, stored.key.tierId), core.now());
        if (edited.event === null) return edited;
        const row = grouped(edited.row, stored.key);
        keys.update(stored, row);
        adminEvents.append(edited.event);
        return { ...edited, row };
      });
      if (event !== null) core.announce({ kind: 'freed', tierId: row.tierId });
      return row;
    },
    deleteKey: async (id, check) => {
      transactions.write(() => {
        const stored = required(id);
        const event = check(stored.key);
        keys.remove(stored);
        adminEvents.append(event);
      });
    },
  };
}
