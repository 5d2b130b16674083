import { withoutDraw } from '../../model/hold.ts';
import { placesOf } from '../../model/place.ts';
import { withoutTrial } from '../../model/trial.ts';
import type { Core } from './core.ts';
import type { DrawRow } from './recent-draws.ts';
import { isSooner } from './reported-keys.ts';
import { requireTier } from './tier-store.ts';
import type { Usage } from './usage.ts';

/** Marks draws whose value did not leave; gives the tiers some of whose keys can be drawn sooner for it. Within a write. */
export function createWithholding(
  core: Core,
  usage: Usage,
): (drawIds: readonly string[]) => readonly string[] {
  const { states, credentials, names } = core;

  /** The tier of the draw's key, where it can be drawn sooner now that this draw is in flight no longer. */
  function endHold(row: DrawRow): string | null {
    const state = states.read(row.key);
    const credential = credentials.read(row.key);
    if (state === null || credential === null) return null;
    const holds = withoutDraw(state.holds, row.take, row.serial);
    const health = withoutTrial(state.health, row.take);
    if (holds === state.holds && health === state.health) return null;
    const tier = requireTier(core, names.text(credential.tier));
    const after = { ...state, holds, health };
    const placed = core.keys.placed({ ...after, ...placesOf(after, tier, core.now()) });
    states.write(row.key, state, placed);
    return isSooner(state, placed) ? tier.id : null;
  }

  return (drawIds) => {
    const freed = new Set<string>();
    for (const drawId of drawIds) {
      const row = usage.events.find(drawId);
      if (row === null) continue;
      usage.events.withhold(row.seq);
      usage.records.remove(row.seq);
      const tierId = endHold(row);
      if (tierId !== null) freed.add(tierId);
    }
    return [...freed];
  };
}
