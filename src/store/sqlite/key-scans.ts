import type { Key } from '../../model/key.ts';
import type { ScannedKey } from '../../model/key-order.ts';
import type { KeyBulkStore, KeyFilter } from '../port.ts';
import type { Core } from './core.ts';
import { unpackState } from './hot-state.ts';
import { pageOf, readCursor, writeCursor } from './paging.ts';
import { prepare } from './statement.ts';
import { createStatementCache } from './statement-cache.ts';
import { createWhere, type Where } from './where.ts';

type Row = { readonly no: number; readonly id: string; readonly tierId: string; readonly hot: string };

const COLUMNS = 'SELECT k.no, k.id, t.text AS tierId, s.hot FROM';
const BY_ID = `${COLUMNS} keys k CROSS JOIN names t ON t.no = k.tier CROSS JOIN key_states s ON s.no = k.no`;
const UNWELL = `${COLUMNS} unwell_keys u CROSS JOIN keys k ON k.no = u.key CROSS JOIN names t ON t.no = k.tier
  CROSS JOIN key_states s ON s.no = k.no`;

/** After all ids, which are ASCII. */
const LAST_ID = '\u{10ffff}';

function scanned({ id, tierId, hot }: Row): ScannedKey {
  return { id, tierId, ...unpackState(hot) };
}

/** Looks through keys without their values. States are not remembered: what draws use would be forgotten for them. */
export function createKeyScans(
  core: Core,
): Pick<KeyBulkStore, 'scanKeys' | 'listUnwellKeys' | 'readKeys' | 'takenFingerprints'> {
  const { db, transactions, names, keys } = core;
  const statement = createStatementCache(db);
  const taken = prepare(db, 'SELECT 1 FROM keys WHERE tier = ? AND fingerprint = ?');
  /** False when there can be none. */
  const filtered = (where: Where, filter: KeyFilter): boolean => {
    const tier = filter.tierId === undefined ? undefined : names.find(filter.tierId);
    if (tier === null) return false;
    where.add('k.tier = ?', tier);
    where.add('k.state = ?', filter.state);
    where.add('k.quota_group = ?', filter.groupId);
    return true;
  };
  return {
    scanKeys: async (filter, { after, descending, limit }) =>
      transactions.read(() => {
        const where = descending
          ? createWhere('k.id < ?', after ?? LAST_ID)
          : createWhere('k.id > ?', after ?? '');
        if (!filtered(where, filter)) return [];
        const order = descending ? 'DESC' : 'ASC';
        return statement<Row>(`${BY_ID} WHERE ${where.sql()} ORDER BY k.id ${order} LIMIT ?`)
          .all(...where.values, limit)
          .map(scanned);
      }),
    listUnwellKeys: async (filter, page) =>
      transactions.read(() => {
        const [after] = page.after === null ? [-1] : readCursor('unwell', ['number'], page.after);
        const where = createWhere('u.key > ?', Number(after));
        if (!filtered(where, filter)) return { items: [], next: null };
        const rows = statement<Row>(`${UNWELL} WHERE ${where.sql()} ORDER BY u.key LIMIT ?`).all(
          ...where.values,
          page.limit + 1,
        );
        return pageOf(rows, page.limit, scanned, ({ no }) => writeCursor('unwell', [no]));
      }),
    readKeys: async (ids) => transactions.read(() => ids.flatMap((id): Key | [] => keys.read(id)?.key ?? [])),
    takenFingerprints: async (tierId, fingerprints) =>
      transactions.read(() => {
        const tier = names.find(tierId);
        if (tier === null) return new Set<string>();
        return new Set(fingerprints.filter((fingerprint) => taken.get(tier, fingerprint) !== undefined));
      }),
  };
}
