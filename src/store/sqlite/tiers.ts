import type { DatabaseSync } from 'node:sqlite';
import type { Feature, Tier } from '../../model/tier.ts';
import { PLAIN_POLICY, type TierPolicy } from '../../model/tier-policy.ts';
import type { Page, PageRequest } from '../port.ts';
import { createWriteMemory, type WriteEnd } from './memory.ts';
import { afterId, pageOf, writeCursor } from './paging.ts';
import { prepare } from './statement.ts';

export interface TierRows extends WriteEnd {
  readonly insert: (tier: Tier) => void;
  readonly read: (id: string) => Tier | null;
  /** Its revision alone; null when there is no such tier. */
  readonly revision: (id: string) => number | null;
  readonly update: (tier: Tier) => void;
  readonly remove: (id: string) => void;
  readonly list: (page: PageRequest) => Page<Tier>;
}

type Row = {
  readonly id: string;
  readonly description: string;
  readonly features: string;
  readonly revision: number;
  readonly created_at: number;
  readonly updated_at: number;
  readonly policy: string;
};

function tierOf(row: Row): Tier {
  return {
    id: row.id,
    description: row.description,
    features: JSON.parse(row.features) as Feature[],
    policy: { ...PLAIN_POLICY, ...(JSON.parse(row.policy) as Partial<TierPolicy>) },
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** Tiers whose revision is known: every draw asks for those that it may be served from. */
const REVISIONS_MAX = 4096;

/** In the order of the statements below. */
function columnsOf({ id, description, features, policy, revision, createdAt, updatedAt }: Tier) {
  const [featuresText, policyText] = [JSON.stringify(features), JSON.stringify(policy)];
  return [description, featuresText, policyText, revision, createdAt, updatedAt, id];
}

export function createTierRows(db: DatabaseSync): TierRows {
  const insert = prepare(
    db,
    `INSERT INTO tiers (description, features, policy, revision, created_at, updated_at, id) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const select = prepare<Row>(db, 'SELECT * FROM tiers WHERE id = ?');
  const revision = prepare<{ revision: number }>(db, 'SELECT revision FROM tiers WHERE id = ?');
  const update = prepare(
    db,
    `UPDATE tiers SET description = ?, features = ?, policy = ?, revision = ?, created_at = ?, updated_at = ? WHERE id = ?`,
  );
  const remove = prepare(db, 'DELETE FROM tiers WHERE id = ?');
  const revisions = createWriteMemory<string, number>({ entriesMax: REVISIONS_MAX });
  const changed = (id: string): void => {
    revisions.written(id);
    revisions.delete(id);
  };
  const list = prepare<Row>(db, 'SELECT * FROM tiers WHERE id > ? ORDER BY id LIMIT ?');
  return {
    committed: revisions.committed,
    undone: revisions.undone,
    insert: (tier) => {
      insert.run(...columnsOf(tier));
      changed(tier.id);
    },
    read: (id) => {
      const row = select.get(id);
      return row === undefined ? null : tierOf(row);
    },
    revision: (id) => {
      const known = revisions.get(id);
      if (known !== undefined) return known;
      const row = revision.get(id);
      if (row === undefined) return null;
      revisions.set(id, row.revision);
      return row.revision;
    },
    update: (tier) => {
      update.run(...columnsOf(tier));
      changed(tier.id);
    },
    remove: (id) => {
      remove.run(id);
      changed(id);
    },
    list: ({ after, limit }) => {
      const rows = list.all(afterId('tiers', after), limit + 1);
      return pageOf(rows, limit, tierOf, (row) => writeCursor('tiers', [row.id]));
    },
  };
}
