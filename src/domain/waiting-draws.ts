import type { DrawRequest, DrawResult } from '../store/port.ts';
import { callerGone } from './ended-calls.ts';

/**
 * What a draw ends with once it has been through as many rounds as it needs. `late`: it has waited so long that who asks
 * and what is granted must be looked at anew.
 */
export type RoundsResult = Exclude<DrawResult, { readonly kind: 'again' }> | { readonly kind: 'late' };

/** A draw between its call and its round. */
export interface WaitingDraw {
  readonly request: DrawRequest;
  readonly signal: AbortSignal | undefined;
  /** The monotonic moment (ms) at which what it asks with began to be looked up. */
  readonly since: number;
  readonly resolve: (result: RoundsResult) => void;
  readonly reject: (error: unknown) => void;
  attempts: number;
}

/** Draws in the order in which they are served: those that have waited before, then the others as they came. */
export interface WaitingDraws {
  readonly count: () => number;
  readonly add: (draw: WaitingDraw) => void;
  /** Adds behind those that are ahead, and before all others. */
  readonly addAhead: (...draws: readonly WaitingDraw[]) => void;
  /** Takes out the next `max` that may go into a round. The others it meets are told: CANCELED, or `late`. */
  readonly next: (max: number) => readonly WaitingDraw[];
}

/** How long a draw's grants count as known, in ms; with the age of a cached one this stays under 2 s. */
export const FRESH_MS = 1000;

export function createWaitingDraws(monotonicMs: () => number): WaitingDraws {
  const ahead: WaitingDraw[] = [];
  const others: WaitingDraw[] = [];

  /** False when it was told why it does not go into a round. */
  function mayGo(draw: WaitingDraw): boolean {
    const gone = draw.signal?.aborted === true;
    const late = monotonicMs() - draw.since > FRESH_MS;
    if (gone) draw.reject(callerGone());
    else if (late) draw.resolve({ kind: 'late' });
    return !gone && !late;
  }

  return {
    count: () => ahead.length + others.length,
    add: (draw) => {
      others.push(draw);
    },
    addAhead: (...draws) => {
      ahead.push(...draws);
    },
    next: (max) => {
      const batch: WaitingDraw[] = [];
      while (batch.length < max) {
        const draw = ahead.shift() ?? others.shift();
        if (draw === undefined) break;
        if (mayGo(draw)) batch.push(draw);
      }
      return batch;
    },
  };
}
