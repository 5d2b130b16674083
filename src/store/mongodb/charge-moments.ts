import { guardMs } from '../../model/tier.ts';
import type { Charge } from '../port.ts';

/** The store's moment of a charge (ms): that of the last of its pools' takes; `now` for one without pools. */
export function chargedAt(moments: readonly number[], now: number): number {
  return moments.length === 0 ? now : Math.max(...moments);
}

/**
 * Each pool counts a charge at the moment of its own take. True where these are so far apart that a pool's window could be
 * passed by the charge's: further than half of a guard, whose other half is for the answer's way. Nobody is told that such
 * a charge was granted.
 */
export function isApart(
  { pools, cost }: Pick<Charge, 'pools' | 'cost'>,
  moments: readonly number[],
): boolean {
  const apartMs = Math.max(...moments) - Math.min(...moments);
  return cost > 0 && pools.some(({ limit }) => apartMs > guardMs(limit) / 2);
}
