import type { ConsumerStore } from '../store/port.ts';

/** Notes when consumers were last accepted, and writes it now and then instead of on every call. */
export interface LastUsed {
  /** `at`: ms, the store's now. */
  readonly note: (consumerId: string, at: number) => void;
  /** Writes what was noted; keeps it for the next time when the store does not take it. */
  readonly flush: () => Promise<void>;
}

/** Consumers noted between two flushes; further ones are passed over until then. */
const NOTED_MAX = 50_000;

export function createLastUsed(store: Pick<ConsumerStore, 'touchConsumers'>): LastUsed {
  let noted = new Map<string, number>();

  function note(consumerId: string, at: number): void {
    const known = noted.get(consumerId);
    if (known === undefined ? noted.size < NOTED_MAX : known < at) noted.set(consumerId, at);
  }

  return {
    note,
    flush: async () => {
      if (noted.size === 0) return;
      const writing = noted;
      noted = new Map();
      try {
        await store.touchConsumers(writing);
      } catch (error) {
        for (const [id, at] of writing) note(id, at);
        throw error;
      }
    },
  };
}
