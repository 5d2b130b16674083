import type { QueueName } from './tier.ts';

/** Where a search for a key with many units stands in one queue, and what it has learned by then. Times in ms. */
export interface BrokenScan {
  /** The position to go on from, inclusive. */
  readonly from: number;
  /** How many keys that stand at `from`, counted from the first, were passed over too. */
  readonly passed: number;
  /** The earliest moment at which a key passed over so far can serve; null when none can. */
  readonly nextAt: number | null;
  /** True when a key that was in use was passed over: it may have been able. */
  readonly unsure: boolean;
  /** True when the search had found what it wanted by then, so that its head is not known any more. */
  readonly found: boolean;
  /** The store's moment from which on the search begins anew. */
  readonly until: number;
}

/**
 * Remembers searches that one round could not finish, so that the next goes on where they stopped instead of passing
 * over the same keys again. Bounded: the oldest are forgotten, and such a search begins anew.
 */
export interface ScanMemory {
  readonly find: (queue: QueueName, place: 'ready' | 'due', units: number) => BrokenScan | undefined;
  readonly keep: (queue: QueueName, place: 'ready' | 'due', units: number, scan: BrokenScan) => void;
  readonly forget: (queue: QueueName, place: 'ready' | 'due', units: number) => void;
}

const SCANS_MAX = 1024;

export function createScanMemory(): ScanMemory {
  const scans = new Map<string, BrokenScan>();
  const nameOf = (queue: QueueName, place: string, units: number): string => `${queue} ${place} ${units}`;
  return {
    find: (queue, place, units) => (scans.size > 0 ? scans.get(nameOf(queue, place, units)) : undefined),
    keep: (queue, place, units, scan) => {
      const name = nameOf(queue, place, units);
      scans.delete(name);
      scans.set(name, scan);
      const oldest = scans.keys().next();
      if (scans.size > SCANS_MAX && oldest.done !== true) scans.delete(oldest.value);
    },
    forget: (queue, place, units) => {
      if (scans.size > 0) scans.delete(nameOf(queue, place, units));
    },
  };
}
