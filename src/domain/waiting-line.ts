/** Draws of a line that go into a round at first after it was woken: what frees is mostly one key's. */
const CALLED_FIRST = 4;
/** And at most: as many as a round holds. */
const CALLED_MAX = 256;

/** One draw that waits. */
export interface Waiter {
  /** Its number in the order in which the process's draws came. */
  readonly order: number;
  /** The monotonic moment (ms) at which its wait is over. */
  readonly until: number;
}

/**
 * Draws that wait for the same, first come first, and how many of them may try their luck at a time: few at first, and
 * twice as many as long as all that tried were served. No I/O, no clock.
 */
export interface WaitingLine<T extends Waiter> {
  /** How many wait; who was called does not. */
  readonly size: () => number;
  /** How many were called and have not told yet what they ended with. */
  readonly out: () => number;
  /** Stands where its order puts it: one that was called and not served is back at its place. */
  readonly join: (waiter: T) => void;
  /** False when it does not stand in the line. */
  readonly leave: (waiter: T) => boolean;
  /** Takes out those whose wait is over at `now`. */
  readonly over: (now: number) => readonly T[];
  /** Takes out those that are meant. */
  readonly pick: (isMeant: (waiter: T) => boolean) => readonly T[];
  /** Calls as many from the head as may try now; nobody while some are out. */
  readonly call: () => readonly T[];
  /** One that was called has ended. Null until the last of them has; then how many of them were served. */
  readonly end: (served: boolean) => 'all' | 'some' | 'none' | null;
  /** The earliest moment at which somebody's wait is over; Infinity where nobody waits. */
  readonly nextOver: () => number;
}

export function createWaitingLine<T extends Waiter>(): WaitingLine<T> {
  let waiting: T[] = [];
  let width = CALLED_FIRST;
  let called = 0;
  let out = 0;
  let unserved = 0;

  /** Where one of this order stands, or would: most join at the end. */
  function indexOf(order: number): number {
    let low = 0;
    let high = waiting.length;
    if ((waiting.at(-1)?.order ?? -1) < order) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((waiting[middle]?.order ?? 0) < order) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function pick(isMeant: (waiter: T) => boolean): readonly T[] {
    const meant = waiting.filter(isMeant);
    if (meant.length > 0) waiting = waiting.filter((waiter) => !isMeant(waiter));
    return meant;
  }

  return {
    size: () => waiting.length,
    out: () => out,
    join: (waiter) => {
      waiting.splice(indexOf(waiter.order), 0, waiter);
    },
    leave: (waiter) => {
      const index = indexOf(waiter.order);
      if (waiting[index] !== waiter) return false;
      waiting.splice(index, 1);
      return true;
    },
    over: (now) => pick(({ until }) => until <= now),
    pick,
    call: () => {
      if (out > 0) return [];
      const head = waiting.splice(0, width);
      called = head.length;
      out = called;
      unserved = 0;
      return head;
    },
    end: (served) => {
      out -= 1;
      if (!served) unserved += 1;
      if (out > 0) return null;
      width = unserved === 0 ? Math.min(width * 2, CALLED_MAX) : CALLED_FIRST;
      if (unserved === 0) return 'all';
      return unserved < called ? 'some' : 'none';
    },
    nextOver: () => waiting.reduce((earliest, { until }) => Math.min(earliest, until), Infinity),
  };
}
