import { setBounded } from '../../model/bounded-map.ts';

/** How long a key is left alone whose row another held for too long, in ms. */
const LEFT_ALONE_MS = 1000;
/** Such keys known at once. */
const LEFT_ALONE_MAX = 1000;

/**
 * Keys that a round of this process has a take under way on, since a key is in one round at a time, and those whose rows
 * others hold: their takes would wait in vain, and let others wait.
 */
export interface BusyKeys {
  /** True for both kinds. */
  readonly has: (keyId: string) => boolean;
  /** How many takes are under way. */
  readonly size: () => number;
  /** Another holds the key's row. */
  readonly leaveAlone: (keyId: string) => void;
  /** Marks the key, and gives how to let go of it; null when another round has it. */
  readonly hold: (keyId: string) => (() => void) | null;
  /** Resolves when the next key is free again; at once when none is busy. */
  readonly nextRelease: () => Promise<void>;
}

export function createBusyKeys(monotonicMs: () => number): BusyKeys {
  const held = new Set<string>();
  const leftAloneUntil = new Map<string, number>();
  let waiters: (() => void)[] = [];
  const release = (keyId: string) => {
    held.delete(keyId);
    const woken = waiters;
    waiters = [];
    for (const wake of woken) wake();
  };
  return {
    has: (keyId) => held.has(keyId) || monotonicMs() < (leftAloneUntil.get(keyId) ?? 0),
    size: () => held.size,
    leaveAlone: (keyId) => {
      setBounded(leftAloneUntil, LEFT_ALONE_MAX, keyId, monotonicMs() + LEFT_ALONE_MS);
    },
    hold: (keyId) => {
      if (held.has(keyId)) return null;
      held.add(keyId);
      return () => release(keyId);
    },
    nextRelease: () =>
      held.size === 0 ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve)),
  };
}
