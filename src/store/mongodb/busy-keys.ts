/** Keys that a round of this process has a take under way on: a key is in one round at a time. */
export interface BusyKeys {
  readonly has: (keyId: string) => boolean;
  readonly size: () => number;
  /** Marks the key, and gives how to let go of it; null when another round has it. */
  readonly hold: (keyId: string) => (() => void) | null;
  /** Resolves when the next key is free again; at once when none is busy. */
  readonly nextRelease: () => Promise<void>;
}

export function createBusyKeys(): BusyKeys {
  const held = new Set<string>();
  let waiters: (() => void)[] = [];
  const release = (keyId: string) => {
    held.delete(keyId);
    const woken = waiters;
    waiters = [];
    for (const wake of woken) wake();
  };
  return {
    has: (keyId) => held.has(keyId),
    size: () => held.size,
    hold: (keyId) => {
      if (held.has(keyId)) return null;
      held.add(keyId);
      return () => release(keyId);
    },
    nextRelease: () =>
      held.size === 0 ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve)),
  };
}
