/** Keys that a round of this process has a take under way on: a key is in one round at a time. */
export interface BusyKeys {
  readonly has: (keyId: string) => boolean;
  readonly size: () => number;
  /** Runs `work` with the key marked; undefined when another round has it. */
  readonly during: <T>(keyId: string, work: () => Promise<T>) => Promise<T | undefined>;
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
    during: async (keyId, work) => {
      if (held.has(keyId)) return undefined;
      held.add(keyId);
      try {
        return await work();
      } finally {
        release(keyId);
      }
    },
    nextRelease: () =>
      held.size === 0 ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve)),
  };
}
