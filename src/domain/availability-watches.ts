import type { Clock } from '../model/clock.ts';
import type { DrawQueue } from '../model/round.ts';
import type { DrawStore, MaintenanceStore } from '../store/port.ts';
import { type AvailabilityLooks, lookForAvailability, type Seen } from './availability-looks.ts';
import type { After } from './background-task.ts';
import { shuttingDown } from './ended-calls.ts';
import { KeypoolError } from './errors.ts';
import { untilGone } from './until-gone.ts';

/** One who watches queues. */
export interface Watch {
  /** What was seen last; null before the first look's end. */
  readonly seen: () => Seen | null;
  /**
   * Resolves after the next look, and after half a second at the latest. Rejects with what the store threw when it could
   * not be asked, with CANCELED when the signal fires, and with SHUTTING_DOWN.
   */
  readonly next: (signal: AbortSignal | undefined) => Promise<void>;
  readonly close: () => void;
}

/** Who watches what: all that watch the same queues share the looks at them, and nothing is looked at for nobody. */
export interface AvailabilityWatches {
  /** `feature` and the tiers of `queues` name what is watched. Errors: OVERLOADED, SHUTTING_DOWN. */
  readonly open: (feature: string, queues: readonly DrawQueue[]) => Watch;
  /** A key of the tier was drawn. */
  readonly drawn: (tierId: string) => void;
  /** How many watch. */
  readonly count: () => number;
  /** Ends every watch with SHUTTING_DOWN, and lets nobody watch any more. */
  readonly close: () => void;
}

export interface AvailabilityWatchesParts {
  readonly store: Pick<DrawStore, 'availability'> & Pick<MaintenanceStore, 'now' | 'onChange'>;
  readonly clock: Clock;
  readonly after: After;
  /** How many may watch. */
  readonly max?: number;
}

const WATCHES_MAX = 1000;
const OVERLOAD_RETRY_MS = 1000;
/** So often those who watch are woken at least: their callers are looked at anew. */
const TICK_MS = 500;

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Watched {
  readonly looks: AvailabilityLooks;
  readonly tierIds: ReadonlySet<string>;
  readonly waiting: Set<Waiting>;
  watchers: number;
}

function overloaded(): KeypoolError {
  const message =
    'As many calls watch the availability of keys as may. Try again later, or ask with GetAvailability.';
  return new KeypoolError('OVERLOADED', message, { retryAfterMs: OVERLOAD_RETRY_MS });
}

/** Tells all who wait that there is something to see, or why there is not. */
function tell({ waiting }: Watched, error: unknown): void {
  const told = [...waiting];
  waiting.clear();
  for (const { resolve, reject } of told)
    if (error === null) resolve();
    else reject(error);
}

export function createAvailabilityWatches(parts: AvailabilityWatchesParts): AvailabilityWatches {
  const { store, after, max = WATCHES_MAX } = parts;
  const watched = new Map<string, Watched>();
  let count = 0;
  let isClosed = false;
  let cancelTick = (): void => {};

  /** What is watched of a tier: a draw of it is not to look through all that is. */
  const byTier = new Map<string, Set<Watched>>();

  /** Has those look whose keys may serve otherwise than they did. */
  function look(tierId: string): void {
    for (const { looks } of byTier.get(tierId) ?? []) looks.look();
  }

  const stop = store.onChange((change) => {
    if (change.kind === 'all') for (const { looks } of watched.values()) looks.look();
    else if (change.kind === 'tier') look(change.id);
    else if (change.kind === 'freed') look(change.tierId);
  });

  function tick(): void {
    for (const entry of watched.values()) tell(entry, null);
    cancelTick = after(TICK_MS, tick);
  }

  function begin(name: string, queues: readonly DrawQueue[]): Watched {
    const entry: Watched = {
      looks: lookForAvailability({ ...parts, queues, onSeen: (error) => tell(entry, error) }),
      tierIds: new Set(queues.map(({ tierId }) => tierId)),
      waiting: new Set(),
      watchers: 0,
    };
    watched.set(name, entry);
    for (const tierId of entry.tierIds) byTier.set(tierId, (byTier.get(tierId) ?? new Set()).add(entry));
    return entry;
  }

  function leave(name: string, entry: Watched): void {
    count -= 1;
    entry.watchers -= 1;
    if (count === 0) cancelTick();
    if (entry.watchers > 0) return;
    entry.looks.close();
    watched.delete(name);
    for (const tierId of entry.tierIds) {
      const ofTier = byTier.get(tierId);
      ofTier?.delete(entry);
      if (ofTier?.size === 0) byTier.delete(tierId);
    }
  }

  return {
    open: (feature, queues) => {
      if (isClosed) throw shuttingDown();
      if (count >= max) throw overloaded();
      const name = `${feature} ${queues.map(({ tierId, revision }) => `${tierId}@${revision}`).join()}`;
      const known = watched.get(name);
      // Who comes later is not to wait for the next look, which may be a second away.
      known?.looks.look();
      const entry = known ?? begin(name, queues);
      count += 1;
      entry.watchers += 1;
      if (count === 1) cancelTick = after(TICK_MS, tick);
      let isOpen = true;
      return {
        seen: entry.looks.seen,
        next: async (signal) => {
          if (isClosed) throw shuttingDown();
          return untilGone<void>(signal, (resolve, reject) => {
            const waiting = { resolve, reject };
            entry.waiting.add(waiting);
            return () => entry.waiting.delete(waiting);
          });
        },
        close: () => {
          if (isOpen) leave(name, entry);
          isOpen = false;
        },
      };
    },
    drawn: (tierId) => {
      if (byTier.size > 0) look(tierId);
    },
    count: () => count,
    close: () => {
      isClosed = true;
      stop();
      cancelTick();
      for (const entry of watched.values()) tell(entry, shuttingDown());
    },
  };
}
