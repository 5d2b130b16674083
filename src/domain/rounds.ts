import type { Drawn, DrawRequest, DrawResult, DrawStore } from '../store/port.ts';
import { KeypoolError, storeUnavailable } from './errors.ts';

/** What a draw ends with once it has been through as many rounds as it needs. */
export type RoundsResult = Drawn | Exclude<DrawResult, { readonly kind: 'drawn' | 'again' }>;

/** Gathers draws that arrive while a round is under way into the next. */
export interface Rounds {
  /**
   * Waits for its round and gives what came of it. Rejects with OVERLOADED when too many wait, CANCELED when the
   * caller has gone before its round began, STORE_UNAVAILABLE when the round failed.
   */
  readonly draw: (request: DrawRequest, signal?: AbortSignal) => Promise<RoundsResult>;
  /** Resolves when no draw is under way any more. */
  readonly idle: () => Promise<void>;
}

export interface RoundsOptions {
  /** Draws that may wait for a round; more are told to come back. */
  readonly waitingMax?: number;
  /** Draws served by one round. */
  readonly roundSize?: number;
}

interface Pending {
  readonly request: DrawRequest;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (result: RoundsResult) => void;
  readonly reject: (error: unknown) => void;
  attempts: number;
}

const WAITING_MAX = 10_000;
const ROUND_SIZE = 256;
/** Rounds that one draw goes through at most, when others hold the keys it could have. */
const ATTEMPTS_MAX = 64;
const OVERLOAD_RETRY_MS = 500;

export function createRounds(
  store: Pick<DrawStore, 'drawRound' | 'roundsMax'>,
  options: RoundsOptions = {},
): Rounds {
  const waitingMax = options.waitingMax ?? WAITING_MAX;
  const roundSize = options.roundSize ?? ROUND_SIZE;
  let waiting: Pending[] = [];
  /** Draws that met only keys in use; they go on when another round has ended. */
  let deferred: Pending[] = [];
  let underWay = 0;
  let scheduled = false;
  let idleWaiters: (() => void)[] = [];

  function settle(pending: Pending, result: DrawResult): void {
    if (result.kind !== 'again') {
      pending.resolve(result);
      return;
    }
    pending.attempts += 1;
    if (pending.attempts >= ATTEMPTS_MAX) pending.reject(storeUnavailable('no round could settle the draw'));
    else deferred.push(pending);
  }

  async function run(batch: readonly Pending[]): Promise<void> {
    try {
      const results = await store.drawRound(batch.map((pending) => pending.request));
      for (const [i, pending] of batch.entries()) settle(pending, results[i] ?? { kind: 'unavailable' });
    } catch (error) {
      for (const pending of batch) pending.reject(error);
    }
  }

  function nextBatch(): Pending[] {
    const batch: Pending[] = [];
    while (batch.length < roundSize) {
      const pending = waiting.shift();
      if (pending === undefined) break;
      if (pending.signal?.aborted) pending.reject(new KeypoolError('CANCELED', 'The caller has gone.'));
      else batch.push(pending);
    }
    return batch;
  }

  function pump(): void {
    scheduled = false;
    while (underWay < store.roundsMax && waiting.length > 0) {
      const batch = nextBatch();
      if (batch.length === 0) break;
      underWay += 1;
      void run(batch).then(() => {
        underWay -= 1;
        waiting = [...deferred, ...waiting];
        deferred = [];
        schedule();
      });
    }
    if (underWay === 0 && waiting.length === 0) {
      for (const wake of idleWaiters) wake();
      idleWaiters = [];
    }
  }

  /** The end of the event loop's turn: everything that arrived in it goes into one round. */
  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(pump);
  }

  return {
    draw: (request, signal) =>
      new Promise((resolve, reject) => {
        if (waiting.length >= waitingMax) {
          const message = 'Too many draws are waiting for the store. Try again shortly.';
          reject(new KeypoolError('OVERLOADED', message, { retryAfterMs: OVERLOAD_RETRY_MS }));
          return;
        }
        waiting.push({ request, signal, resolve, reject, attempts: 0 });
        schedule();
      }),
    idle: () =>
      new Promise((resolve) => {
        idleWaiters.push(resolve);
        schedule();
      }),
  };
}
