import type { KeyName } from './send-take.ts';

/**
 * How long a settled entry waits for the row's next take to carry it off, in ms: long where the key goes on serving, and
 * little where it can do so only once the entry is gone, or has to leave its queues then.
 */
const FLUSH_AFTER_MS = { serving: 2000, parked: 100 } as const;
/** Rows flushed by one command. */
const FLUSH_ROWS_MAX = 200;
/** Keys whose settled takes are remembered; what comes on top is settled by recovery when its end has passed. */
const KEYS_MAX = 20_000;

/** Takes of this process whose audit rows are all stored, until their entries have left their rows. */
export interface SettledTakes {
  /** Those of a key, for its next take to carry off. */
  readonly of: (keyId: string) => readonly string[];
  /** `serving`: the key had more to give after the take. */
  readonly add: (key: KeyName, take: string, serving: boolean) => void;
  /** They have left the row. */
  readonly gone: (keyId: string, takes: readonly string[]) => void;
  /** Carries off all that is left, and stops. */
  readonly close: () => Promise<void>;
}

interface Settled extends KeyName {
  readonly takes: Set<string>;
  /** Every take among them left the key with more to give. */
  serving: boolean;
  /** The monotonic moment (ms) at which they are carried off, if no take has done it. */
  flushAt: number;
}

/** Takes of a row that are to be carried off. */
export interface Flushed extends KeyName {
  readonly takes: readonly string[];
  readonly serving: boolean;
}

/** `flush` carries entries off their rows. */
export function createSettledTakes(
  monotonicMs: () => number,
  flush: (settled: readonly Flushed[]) => Promise<void>,
): SettledTakes {
  const byKey = new Map<string, Settled>();
  let timer: { readonly handle: NodeJS.Timeout; readonly at: number } | null = null;
  let flushing: Promise<void> = Promise.resolve();
  let closed = false;

  const gone = (keyId: string, takes: readonly string[]) => {
    const settled = byKey.get(keyId);
    for (const take of takes) settled?.takes.delete(take);
    if (settled?.takes.size === 0) byKey.delete(keyId);
  };

  /** Carries off what is due until `moment`; true when more may be. */
  const flushSome = async (moment: number): Promise<boolean> => {
    const due = [...byKey.values()].filter(({ flushAt }) => flushAt <= moment);
    const snapshot = due.slice(0, FLUSH_ROWS_MAX).map((some) => ({ ...some, takes: [...some.takes] }));
    if (snapshot.length === 0) return false;
    await flush(snapshot);
    for (const { keyId, takes } of snapshot) gone(keyId, takes);
    return snapshot.length === FLUSH_ROWS_MAX;
  };

  const flushDue = async () => {
    while (await flushSome(monotonicMs())) if (closed) return;
  };

  /** Sees to it that a flush begins at `moment` or before. */
  const schedule = (moment: number) => {
    if (closed || (timer !== null && timer.at <= moment)) return;
    if (timer !== null) clearTimeout(timer.handle);
    const begin = () => {
      timer = null;
      // What fails stays for the next time; other processes settle it if this one never can.
      flushing = flushing
        .then(flushDue)
        .catch(() => undefined)
        .finally(scheduleNext);
    };
    const handle = setTimeout(begin, Math.max(0, moment - monotonicMs())).unref();
    timer = { handle, at: moment };
  };

  const scheduleNext = () => {
    if (byKey.size === 0) return;
    const first = [...byKey.values()].reduce((least, { flushAt }) => Math.min(least, flushAt), Infinity);
    schedule(Math.max(first, monotonicMs() + FLUSH_AFTER_MS.parked));
  };

  return {
    of: (keyId) => [...(byKey.get(keyId)?.takes ?? [])],
    add: ({ keyId, tierId }, take, serving) => {
      if (byKey.size >= KEYS_MAX && !byKey.has(keyId)) return;
      const flushAt = monotonicMs() + (serving ? FLUSH_AFTER_MS.serving : FLUSH_AFTER_MS.parked);
      const settled = byKey.get(keyId) ?? {
        keyId,
        tierId,
        takes: new Set(),
        serving: true,
        flushAt,
      };
      settled.takes.add(take);
      settled.serving &&= serving;
      settled.flushAt = Math.min(settled.flushAt, flushAt);
      byKey.set(keyId, settled);
      schedule(flushAt);
    },
    gone,
    close: async () => {
      closed = true;
      if (timer !== null) clearTimeout(timer.handle);
      await flushing;
      while (byKey.size > 0) {
        try {
          await flushSome(Infinity);
        } catch {
          break;
        }
      }
      byKey.clear();
    },
  };
}
