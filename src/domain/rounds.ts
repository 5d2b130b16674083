import type { DrawRequest, DrawResult, DrawStore } from '../store/port.ts';
import { KeypoolError, storeUnavailable } from './errors.ts';
import { createGathering } from './gathering.ts';
import { createWaitingDraws, type RoundsResult, type WaitingDraw } from './waiting-draws.ts';

/** Gathers draws that arrive while a round is under way into the next. */
export interface Rounds {
  /**
   * Waits for its round and gives what came of it. Rejects with OVERLOADED when too many wait, CANCELED when the
   * caller has gone before its round began, STORE_UNAVAILABLE when no round could settle it, and with what the store
   * threw when its round failed.
   */
  readonly draw: (request: DrawRequest, manner: DrawManner) => Promise<RoundsResult>;
  /** Resolves when no draw is under way any more. */
  readonly idle: () => Promise<void>;
}

export interface DrawManner {
  readonly signal?: AbortSignal;
  /** The monotonic moment (ms) at which what it asks with began to be looked up. */
  readonly since: number;
  /** It has waited before: it goes ahead of those that came later. */
  readonly ahead: boolean;
}

export interface RoundsOptions {
  readonly monotonicMs: () => number;
  /** Draws that may wait for a round; more are told to come back. */
  readonly waitingMax?: number;
  /** Draws served by one round. */
  readonly roundSize?: number;
}

const WAITING_MAX = 10_000;
const ROUND_SIZE = 256;
/** Rounds that one draw goes through at most, when others hold the keys it could have. */
const ATTEMPTS_MAX = 64;
const OVERLOAD_RETRY_MS = 500;
/** How long the next round waits for one that chooses its keys: one slow key shall not hold up all others. */
const CHOOSING_MAX_MS = 50;

function overloaded(): KeypoolError {
  const message = 'Too many draws are waiting for the store. Try again shortly.';
  return new KeypoolError('OVERLOADED', message, { retryAfterMs: OVERLOAD_RETRY_MS });
}

/** Tells a draw what came of it; false when it has to go into another round. */
function settle(draw: WaitingDraw, result: DrawResult): boolean {
  if (result.kind !== 'again') {
    draw.resolve(result);
    return true;
  }
  draw.attempts += 1;
  if (draw.attempts < ATTEMPTS_MAX) return false;
  draw.reject(storeUnavailable('no round could settle the draw'));
  return true;
}

/** Runs one round, and gives the draws that have to go into another. */
async function run(
  store: Pick<DrawStore, 'drawRound'>,
  batch: readonly WaitingDraw[],
  chosen: () => void,
): Promise<readonly WaitingDraw[]> {
  try {
    const results = await store.drawRound(
      batch.map((draw) => draw.request),
      chosen,
    );
    return batch.filter((draw, i) => !settle(draw, results[i] ?? { kind: 'unavailable' }));
  } catch (error) {
    for (const draw of batch) draw.reject(error);
    return [];
  }
}

export function createRounds(
  store: Pick<DrawStore, 'drawRound' | 'roundsMax'>,
  options: RoundsOptions,
): Rounds {
  const { waitingMax = WAITING_MAX, roundSize = ROUND_SIZE, monotonicMs } = options;
  const waiting = createWaitingDraws(monotonicMs);
  /** Draws that met only keys in use: those come free when another round ends. */
  let deferred: readonly WaitingDraw[] = [];
  let underWay = 0;
  /** Rounds that still choose their keys: what arrives meanwhile goes into one next round, not into several small ones. */
  let choosing = 0;
  const { schedule, idle } = createGathering({ ready, roundSize, begin: pump, monotonicMs });

  /** Counts a round among those that choose; gives how to say, once or more, that it does not any longer. */
  function choose(): () => void {
    choosing += 1;
    let over = false;
    const done = (): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      choosing -= 1;
      schedule();
    };
    const timer = setTimeout(done, CHOOSING_MAX_MS);
    return done;
  }

  async function begin(batch: readonly WaitingDraw[]): Promise<void> {
    underWay += 1;
    const chosen = choose();
    const again = await run(store, batch, chosen);
    chosen();
    underWay -= 1;
    waiting.addAhead(...deferred);
    deferred = again;
    if (underWay === 0) {
      // No other round holds keys, so there is nothing to wait for.
      waiting.addAhead(...deferred);
      deferred = [];
    }
    schedule();
  }

  function mayBegin(): boolean {
    return underWay < store.roundsMax && choosing === 0;
  }

  function ready(): number {
    return mayBegin() ? waiting.count() : 0;
  }

  /** Begins the rounds that may begin. */
  function pump(): boolean {
    while (mayBegin()) {
      const batch = waiting.next(roundSize);
      if (batch.length === 0) break;
      void begin(batch);
    }
    return underWay > 0;
  }

  return {
    draw: (request, { signal, since, ahead }) =>
      new Promise((resolve, reject) => {
        if (!ahead && waiting.count() >= waitingMax) {
          reject(overloaded());
          return;
        }
        const draw = { request, signal, since, resolve, reject, attempts: 0 };
        if (ahead) waiting.addAhead(draw);
        else waiting.add(draw);
        schedule();
      }),
    idle,
  };
}
