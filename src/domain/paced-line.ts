import type { Clock } from '../model/clock.ts';
import type { MaintenanceStore } from '../store/port.ts';
import type { After } from './background-task.ts';
import { createWaitingLine, type Waiter } from './waiting-line.ts';

/**
 * What a draw that waits is called for. `try`: it is its turn, and it says with `end` what came of it, once: the moment
 * until which no key can serve it, or null when it does not wait any more. `check`: its caller was changed and is to be
 * looked at; it may then wait on at its place. `over`: its wait is. `nextAt`: when a key frees, as known (the store's ms).
 */
export type Turn =
  | { readonly kind: 'try'; readonly end: (exhaustedUntil: number | null) => void }
  | { readonly kind: 'check' | 'over'; readonly nextAt: number };

/** One draw in a line. */
export interface InLine extends Waiter {
  /** As in its request. */
  readonly callerId: string;
  /** Takes it out of the wait. */
  readonly call: (turn: Turn) => void;
}

/** A line with its timer: one for the earliest of what can happen to it, none where nobody waits. */
export interface PacedLine {
  /** When a key frees, as known; null where nobody waits. */
  readonly blockedUntil: () => number | null;
  /** `nextAt`: when a key frees, as the one who joins was told. */
  readonly join: (waiter: InLine, nextAt: number) => void;
  /** False when it does not stand in the line. */
  readonly leave: (waiter: InLine) => boolean;
  /** Something may have freed: its head tries now. */
  readonly wake: () => void;
  readonly check: (isMeant: (waiter: InLine) => boolean) => void;
  /** Takes everybody out, and ends the timer. */
  readonly close: () => readonly InLine[];
}

export interface PacedLineParts {
  readonly store: Pick<MaintenanceStore, 'now' | 'changeLagMs'>;
  readonly clock: Clock;
  readonly after: After;
  /** Whether a report can free a key before `nextAt`. */
  readonly isReported: boolean;
  /** Called when nobody is in it or of it any more. */
  readonly onEmpty: () => void;
}

/**
 * The shortest pause before a line's head tries again by itself, in ms, so that one round serves what frees one key after
 * another: twice as long each time that nobody was served,
 */
const PAUSE_MIN_MS = 40;
/** up to this. As often looks a line that does not hear of what others report. */
const LOOK_MS = 1000;

/** Its head is called when a key frees, and no more of it than could be served: see {@link createWaitingLine}. */
export function createPacedLine({ store, clock, after, isReported, onEmpty }: PacedLineParts): PacedLine {
  const line = createWaitingLine<InLine>();
  let nextAt = Infinity;
  /** The earliest end of a wait that the timer knows. */
  let nextOver = Infinity;
  /** How often in a row nobody was served. */
  let inVain = 0;
  /** Something has freed while some were out. */
  let isWoken = false;
  let cancelTimer = (): void => {};

  /** How long until its head may try by itself, in ms. */
  function untilTry(): number {
    if (line.out() > 0) return Infinity;
    const pauseMs = Math.min(LOOK_MS, PAUSE_MIN_MS * 2 ** inVain);
    const isUntold = isReported && store.changeLagMs() > LOOK_MS;
    const untilDue = nextAt - store.now();
    return Math.max(pauseMs, isUntold ? Math.min(LOOK_MS, untilDue) : untilDue);
  }

  function arm(): void {
    cancelTimer();
    cancelTimer = () => {};
    if (!isReported && line.out() === 0) dismiss(Math.max(0, nextAt - store.now()));
    nextOver = line.nextOver();
    if (line.size() === 0) {
      if (line.out() === 0) onEmpty();
      return;
    }
    const tryMs = untilTry();
    const overMs = nextOver - clock.monotonicMs();
    cancelTimer = after(Math.max(0, Math.ceil(Math.min(tryMs, overMs))), tryMs <= overMs ? wake : endWaits);
  }

  /** Ends the waits that are over in less than `withinMs`. */
  function dismiss(withinMs: number): void {
    for (const waiter of line.over(clock.monotonicMs() + withinMs)) waiter.call({ kind: 'over', nextAt });
  }

  function endWaits(): void {
    dismiss(0);
    arm();
  }

  function ended(exhaustedUntil: number | null): void {
    if (exhaustedUntil !== null) nextAt = exhaustedUntil;
    const served = line.end(exhaustedUntil === null);
    if (served === null) return;
    inVain = served === 'none' ? inVain + 1 : 0;
    const isNext = served === 'all' || isWoken;
    isWoken = false;
    // Who was not served stands in line again by the end of the turn.
    setImmediate(isNext ? wake : arm);
  }

  function wake(): void {
    isWoken = line.out() > 0;
    if (isWoken) return;
    dismiss(0);
    for (const waiter of line.call()) waiter.call({ kind: 'try', end: once(ended) });
    arm();
  }

  return {
    blockedUntil: () => (line.size() === 0 ? null : nextAt),
    join: (waiter, toldNextAt) => {
      const isSooner = toldNextAt < nextAt;
      if (isSooner) nextAt = toldNextAt;
      line.join(waiter);
      if (isSooner || waiter.until < nextOver) arm();
    },
    leave: (waiter) => {
      const left = line.leave(waiter);
      if (left && line.size() === 0) arm();
      return left;
    },
    wake: () => {
      inVain = 0;
      wake();
    },
    check: (isMeant) => {
      for (const waiter of line.pick(isMeant)) waiter.call({ kind: 'check', nextAt });
      arm();
    },
    close: () => {
      cancelTimer();
      return line.pick(() => true);
    },
  };
}

function once<T>(act: (given: T) => void): (given: T) => void {
  let isDone = false;
  return (given) => {
    if (isDone) return;
    isDone = true;
    act(given);
  };
}
