import type { DrawRequest, DrawResult, DrawStore } from '../../src/store/port.ts';

/** A round that waits for its end. */
export interface HeldRound {
  readonly draws: readonly DrawRequest[];
  /** The request ids of its draws. */
  readonly ids: readonly string[];
  /** Answers its draws: all alike, or by request id. */
  readonly end: (result?: DrawResult | ((id: string) => DrawResult)) => void;
  readonly fail: (error: unknown) => void;
  /** Says that its takes are made. */
  readonly choose: () => void;
}

export const EMPTY: DrawResult = { kind: 'empty' };
export const AGAIN: DrawResult = { kind: 'again' };

/** Rounds that end when the test says so. */
export interface HeldRounds extends Pick<DrawStore, 'drawRound' | 'roundsMax'> {
  /** All that were begun, in order. */
  readonly begun: readonly HeldRound[];
  /** The round with this number, from 0 on; fails when it has not begun. */
  readonly round: (index: number) => HeldRound;
}

/** `choosing`: rounds say only when the test does that their takes are made, and at once otherwise. */
export function heldRounds(roundsMax: number, choosing: 'held' | 'at once' = 'at once'): HeldRounds {
  const begun: HeldRound[] = [];
  return {
    roundsMax,
    begun,
    round: (index) => {
      const round = begun[index];
      if (round === undefined) throw new Error(`only ${begun.length} rounds were begun`);
      return round;
    },
    drawRound: (draws, chosen = () => {}) =>
      new Promise((resolve, reject) => {
        if (choosing === 'at once') chosen();
        begun.push({
          draws,
          ids: draws.map(({ requestId }) => requestId),
          end: (result = EMPTY) =>
            resolve(
              draws.map(({ requestId }) => (typeof result === 'function' ? result(requestId) : result)),
            ),
          fail: reject,
          choose: chosen,
        });
      }),
  };
}

/** The end of the event loop's turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Lets everything run that is ready to run, rounds included of what has come and is gathered. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 3; turns += 1) await nextTurn();
}

/** A draw that is told from others by its request id. */
export function drawCalled(id: string): DrawRequest {
  return {
    feature: 'scrape',
    units: 1,
    queues: [],
    consumerId: '',
    peerAddress: '192.0.2.1',
    requestId: id,
    idempotency: null,
    affinity: null,
  };
}
