import type { Tier } from '../../model/tier.ts';
import { changeKeys, type KeyChange, type SeenRow } from './change-keys.ts';
import type { MongoContext } from './context.ts';
import type { KeyName } from './send-take.ts';
import { readTiers } from './tiers.ts';

/**
 * {@link changeKeys} for what follows from a key's row and its tier, both as they stand. `change` gives null for a row that
 * stays; those that are not meant, or whose tier is gone, stay too.
 */
export async function changeInTiers(
  context: MongoContext,
  names: readonly KeyName[],
  change: (row: SeenRow, tier: Tier) => KeyChange | null,
  isMeant: (row: SeenRow) => boolean = () => true,
): Promise<void> {
  await changeKeys(context, names, async (rows) => {
    const meant = rows.filter(isMeant);
    const tiers = await readTiers(
      context,
      meant.map(({ tierId }) => tierId),
    );
    return new Map(
      meant.flatMap((row): [string, KeyChange][] => {
        const tier = tiers.get(row.tierId);
        const changed = tier === undefined ? null : change(row, tier);
        return changed === null ? [] : [[row._id, changed]];
      }),
    );
  });
}
