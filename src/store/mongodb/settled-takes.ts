import type { MongoContext } from './context.ts';
import type { KeyName } from './send-take.ts';
import { flushPipeline } from './settle-pipeline.ts';
import { STORE_NOW } from './take-pipeline.ts';

/** How long a settled entry waits for the row's next take to carry it off, in ms. */
const FLUSH_AFTER_MS = 100;
/** Rows flushed by one command. */
const FLUSH_ROWS_MAX = 200;
/** Keys whose settled takes are remembered; what comes on top is settled by recovery when its end has passed. */
const KEYS_MAX = 20_000;

/** Takes of this process whose audit rows are all stored, until their entries have left their rows. */
export interface SettledTakes {
  /** Those of a key, for its next take to carry off. */
  readonly of: (keyId: string) => readonly string[];
  readonly add: (key: KeyName, take: string) => void;
  /** They have left the row. */
  readonly gone: (keyId: string, takes: readonly string[]) => void;
  /** Carries off all that is left, and stops. */
  readonly close: () => Promise<void>;
}

interface Settled extends KeyName {
  readonly takes: Set<string>;
}

export function createSettledTakes(context: MongoContext): SettledTakes {
  const byKey = new Map<string, Settled>();
  let timer: NodeJS.Timeout | null = null;
  let flushing: Promise<void> = Promise.resolve();
  let closed = false;

  const gone = (keyId: string, takes: readonly string[]) => {
    const settled = byKey.get(keyId);
    for (const take of takes) settled?.takes.delete(take);
    if (settled?.takes.size === 0) byKey.delete(keyId);
  };

  /** True when more may be left. */
  const flushSome = async (): Promise<boolean> => {
    const some = [...byKey.values()].slice(0, FLUSH_ROWS_MAX);
    const snapshot = some.map(({ keyId, tierId, takes }) => ({ keyId, tierId, takes: [...takes] }));
    if (snapshot.length === 0) return false;
    await context.rows.keys.bulkWrite(
      snapshot.map(({ keyId, tierId, takes }) => ({
        updateOne: { filter: { _id: keyId, tierId }, update: flushPipeline(takes, STORE_NOW) },
      })),
      { ordered: false },
    );
    for (const { keyId, takes } of snapshot) gone(keyId, takes);
    return snapshot.length === FLUSH_ROWS_MAX;
  };

  const flushFull = async () => {
    while (await flushSome()) if (closed) return;
  };

  const schedule = () => {
    timer ??= setTimeout(() => {
      timer = null;
      // What fails stays for the next time; other processes settle it if this one never can.
      flushing = flushFull()
        .catch(() => undefined)
        .finally(() => {
          if (byKey.size > 0) schedule();
        });
    }, FLUSH_AFTER_MS).unref();
  };

  return {
    of: (keyId) => [...(byKey.get(keyId)?.takes ?? [])],
    add: ({ keyId, tierId }, take) => {
      if (byKey.size >= KEYS_MAX && !byKey.has(keyId)) return;
      const settled = byKey.get(keyId) ?? { keyId, tierId, takes: new Set() };
      settled.takes.add(take);
      byKey.set(keyId, settled);
      schedule();
    },
    gone,
    close: async () => {
      closed = true;
      await flushing;
      while (byKey.size > 0) {
        try {
          await flushSome();
        } catch {
          break;
        }
      }
      if (timer !== null) clearTimeout(timer);
      byKey.clear();
    },
  };
}
