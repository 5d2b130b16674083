import type { SealedKey, SealStore } from '../port.ts';
import type { Core } from './core.ts';
import { parsePairs } from './credentials.ts';
import { afterId, pageOf, writeCursor } from './paging.ts';
import { prepare } from './statement.ts';

type Row = {
  readonly id: string;
  readonly tierId: string;
  readonly value: string;
  readonly secrets: string;
};

export function createSealStore(core: Core): SealStore {
  const { db, transactions, credentials, adminEvents } = core;
  const list = prepare<Row>(
    db,
    `SELECT k.id, t.text AS tierId, k.value, k.secrets FROM keys k CROSS JOIN names t ON t.no = k.tier
     WHERE k.id > ? ORDER BY k.id LIMIT ?`,
  );
  const replace = prepare<{ no: number }>(
    db,
    'UPDATE keys SET value = ?, secrets = ? WHERE id = ? AND value = ? AND secrets = ? RETURNING no',
  );
  const find = prepare<{ looked: number; last: string | null; found: number | null }>(
    db,
    `SELECT count(*) AS looked, max(id) AS last,
       max(substr(value, 1, length(?1)) = ?1 OR instr(secrets, '"' || ?1) > 0) AS found
     FROM (SELECT id, value, secrets FROM keys WHERE id > ?2 ORDER BY id LIMIT ?3)`,
  );
  const replaceMeta = prepare(db, 'UPDATE meta SET value = ? WHERE name = ? AND value = ?');
  const deleteMeta = prepare(db, 'DELETE FROM meta WHERE name = ? AND value = ?');

  function resealed(from: SealedKey, to: Pick<SealedKey, 'value' | 'secrets'>): number {
    const found = replace.all(
      to.value,
      JSON.stringify(to.secrets),
      from.id,
      from.value,
      JSON.stringify(from.secrets),
    );
    for (const { no } of found) credentials.forget(no);
    return found.length;
  }

  return {
    listSealedKeys: async (page) =>
      transactions.read(() =>
        pageOf(
          list.all(afterId('sealed', page.after), page.limit + 1),
          page.limit,
          ({ secrets, ...row }) => ({ ...row, secrets: parsePairs(secrets) }),
          ({ id }) => writeCursor('sealed', [id]),
        ),
      ),
    resealKeys: async (changes) =>
      transactions.write(() => changes.reduce((sum, { from, to }) => sum + resealed(from, to), 0)),
    findSealed: async (prefix, after, limit) =>
      transactions.read(() => {
        const { looked = 0, last = null, found = 0 } = find.get(prefix, after, limit) ?? {};
        return { isFound: found === 1, next: looked < limit ? null : last };
      }),
    resealMeta: async (name, from, to) => transactions.write(() => replaceMeta.run(to, name, from) > 0),
    deleteMeta: async (name, value) => transactions.write(() => deleteMeta.run(name, value) > 0),
    noteAdminEvent: async (event) => transactions.write(() => adminEvents.append(event)),
  };
}
