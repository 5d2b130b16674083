import { StoreError } from '../errors.ts';
import type { KeyBulkStore } from '../port.ts';
import type { Core } from './core.ts';
import { prepare } from './statement.ts';

/** Puts keys into other tiers, each in a transaction of its own: its number, and so all that names it, stays. */
export function createKeyMoves(core: Core): Pick<KeyBulkStore, 'moveKey'> {
  const { db, transactions, keys, names, tiers, adminEvents } = core;
  const retier = prepare(db, 'UPDATE keys SET tier = ? WHERE no = ?');
  return {
    moveKey: async (id, tierId, move) => {
      const { row, event } = transactions.write(() => {
        const stored = keys.read(id);
        if (stored === null) throw new StoreError('not-found', `there is no key ${id}`);
        const to = tiers.read(tierId);
        if (to === null) throw new StoreError('no-tier', `there is no tier ${tierId}`);
        const moved = move(stored.key, to, core.freshRank(), core.now());
        if (moved.event === null) return moved;
        retier.run(names.number(moved.row.tierId), stored.no);
        keys.update(stored, moved.row);
        adminEvents.append(moved.event);
        return moved;
      });
      if (event !== null) core.announce({ kind: 'freed', tierId });
      return row;
    },
  };
}
