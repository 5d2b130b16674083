import { RECOVERY_GRACE_MS } from '../../model/key.ts';
import { placesOf } from '../../model/place.ts';
import { settleTake } from '../../model/take.ts';
import type { Core } from './core.ts';
import { prepare } from './statement.ts';
import { requireTier } from './tier-store.ts';
import type { UsageEvents } from './usage-events.ts';

/**
 * Settles open takes of rows that have any. Rounds commit whole and leave none, so these came with the row; what counts
 * is the audit rows they have. Returns how many were settled, within a write.
 */
export function createRecovery(core: Core, events: UsageEvents): (limit: number) => number {
  const { keys } = core;
  const overdue = prepare<{ no: number }>(
    core.db,
    `SELECT no FROM key_states WHERE open_end IS NOT NULL AND open_end <= ? ORDER BY open_end LIMIT ?`,
  );
  return (limit) => {
    const now = core.now();
    let settled = 0;
    for (const { no } of overdue.all(now - RECOVERY_GRACE_MS, limit)) {
      const stored = keys.readNumber(no);
      if (stored === null) continue;
      let { key } = stored;
      for (const open of stored.key.open) {
        if (settled >= limit || open.end + RECOVERY_GRACE_MS > now) continue;
        key = { ...key, ...settleTake(key, open, Math.min(open.n, events.unitsOfTake(open.take))) };
        settled += 1;
      }
      const tier = requireTier(core, key.tierId);
      keys.update(stored, { ...key, ...placesOf(key, tier, now) });
    }
    return settled;
  };
}
