import type { Key } from '../../src/model/key.ts';
import type { Tier } from '../../src/model/tier.ts';
import type { Store } from '../../src/store/port.ts';
import { addKeys, addTier, same } from './store-rows.ts';

/** `count` equal keys spread over so many tiers. */
export async function equalKeys(
  store: Store,
  tierCount: number,
  count: number,
): Promise<{ tiers: Tier[]; keys: Key[] }> {
  const tiers: Tier[] = [];
  const keys: Key[] = [];
  for (let i = 0; i < tierCount; i++) {
    tiers.push(await addTier(store, { a: [], b: [] }, `tier-${i}`));
    const share = Math.floor((count - i - 1) / tierCount) + 1;
    keys.push(...(await addKeys(store, `tier-${i}`, same(share))));
  }
  return { tiers, keys };
}
