import type { DatabaseSync } from 'node:sqlite';
import type { GroupState, QuotaGroup } from '../../model/quota-group.ts';
import type { Page, PageRequest } from '../port.ts';
import { createWriteMemory, type WriteEnd } from './memory.ts';
import { afterId, pageOf, writeCursor } from './paging.ts';
import { prepare } from './statement.ts';

/** The rows of quota groups; who writes does so within a write. */
export interface QuotaGroupRows extends WriteEnd {
  readonly insert: (group: QuotaGroup) => void;
  readonly read: (id: string) => QuotaGroup | null;
  readonly update: (group: QuotaGroup) => void;
  /** What takes and reports change. */
  readonly writeState: (id: string, state: GroupState) => void;
  readonly remove: (id: string) => void;
  readonly list: (page: PageRequest) => Page<QuotaGroup>;
}

type Row = {
  readonly id: string;
  readonly description: string;
  readonly state: string;
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
};

const COLUMNS = 'id, description, state, version, created_at AS createdAt, updated_at AS updatedAt';
const REMEMBERED_MAX = 1024;

function packState({ limits, meters, budgets, epoch, open, takenAt, applied }: GroupState): string {
  return JSON.stringify({ limits, meters, budgets, epoch, open, takenAt, applied });
}

function groupOf({ state, ...row }: Row): QuotaGroup {
  return { ...row, ...(JSON.parse(state) as GroupState) };
}

export function createQuotaGroupRows(db: DatabaseSync): QuotaGroupRows {
  const insert = prepare(db, 'INSERT INTO quota_groups VALUES (?, ?, ?, ?, ?, ?)');
  const select = prepare<Row>(db, `SELECT ${COLUMNS} FROM quota_groups WHERE id = ?`);
  const update = prepare(
    db,
    'UPDATE quota_groups SET description = ?, state = ?, version = ?, created_at = ?, updated_at = ? WHERE id = ?',
  );
  const updateState = prepare(db, 'UPDATE quota_groups SET state = ? WHERE id = ?');
  const remove = prepare(db, 'DELETE FROM quota_groups WHERE id = ?');
  const list = prepare<Row>(db, `SELECT ${COLUMNS} FROM quota_groups WHERE id > ? ORDER BY id LIMIT ?`);
  const remembered = createWriteMemory<string, QuotaGroup>({ entriesMax: REMEMBERED_MAX });
  const forget = (id: string): void => {
    remembered.delete(id);
    remembered.written(id);
  };
  const read = (id: string): QuotaGroup | null => {
    const known = remembered.get(id);
    if (known !== undefined) return known;
    const row = select.get(id);
    if (row === undefined) return null;
    const group = groupOf(row);
    remembered.set(id, group);
    return group;
  };
  return {
    read,
    committed: remembered.committed,
    undone: remembered.undone,
    insert: (group) => {
      forget(group.id);
      insert.run(
        group.id,
        group.description,
        packState(group),
        group.version,
        group.createdAt,
        group.updatedAt,
      );
    },
    update: (group) => {
      const { id, description, version, createdAt, updatedAt } = group;
      forget(id);
      update.run(description, packState(group), version, createdAt, updatedAt, id);
    },
    writeState: (id, state) => {
      const group = read(id);
      if (group === null) throw new Error('a quota group that counted is gone');
      updateState.run(packState(state), id);
      remembered.written(id);
      remembered.set(id, { ...group, ...state });
    },
    remove: (id) => {
      forget(id);
      remove.run(id);
    },
    list: ({ after, limit }) => {
      const rows = list.all(afterId('quota-groups', after), limit + 1);
      return pageOf(rows, limit, groupOf, (row) => writeCursor('quota-groups', [row.id]));
    },
  };
}
