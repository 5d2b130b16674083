import type { Tier } from '../../src/model/tier.ts';
import type { PoolKind } from './planned-pool.ts';
import type { Random } from './random.ts';

/** One draw that a caller wants, from `atMs` on. */
export interface Wish {
  readonly atMs: number;
  readonly feature: string;
  readonly units: number;
  /** Null: the caller gives up at the first failure. */
  readonly requestId: string | null;
  /** Calls with that request id that are sent at about the same time. */
  readonly copies: number;
}

function unitsOf(random: Random, kind: PoolKind): number {
  if (kind === 'coarse') return random.int(1, 6);
  return random.chance(0.75) ? 1 : random.int(2, 3);
}

/** The draws that callers want before `untilMs`. */
export function wishesOf(random: Random, tiers: readonly Tier[], kind: PoolKind, untilMs: number): Wish[] {
  const [first = '', ...others] = new Set(tiers.flatMap((one) => one.features.map(({ name }) => name)));
  const bursts = Array.from({ length: random.int(1, 4) }, () => random.between(20, untilMs));
  const gathered = random.pick([0.2, 0.5, 0.8]);
  return Array.from({ length: random.int(8, 24) }, (_, i) => {
    const isNamed = random.chance(0.4);
    return {
      // Some at the same moment, so that rounds hold many.
      atMs: random.chance(gathered) ? random.pick([20, ...bursts]) : random.between(20, untilMs),
      feature: random.pick([first, ...others]),
      units: unitsOf(random, kind),
      requestId: isNamed ? `request-${i}` : null,
      copies: isNamed && random.chance(0.3) ? 2 : 1,
    };
  });
}
