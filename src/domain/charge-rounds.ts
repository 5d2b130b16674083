import type { Charge, ChargeResult, CreditStore } from '../store/port.ts';
import { KeypoolError, storeUnavailable } from './errors.ts';
import { createGathering } from './gathering.ts';

/** What a charge ends with once it has been through as many rounds as it needs. */
export type ChargeOutcome = Exclude<ChargeResult, { readonly kind: 'again' | 'unavailable' }>;

/** Gathers charges that arrive while a round is under way into the next. */
export interface ChargeRounds {
  /**
   * Waits for its round and gives what came of it. Rejects with OVERLOADED when too many wait or no round could
   * settle it, CANCELED when `signal` fired before its round began, STORE_UNAVAILABLE where it is not known what came of
   * it, and with what the store threw.
   */
  readonly charge: (charge: Charge, signal?: AbortSignal) => Promise<ChargeOutcome>;
  /** Resolves when no charge is under way any more. */
  readonly idle: () => Promise<void>;
}

interface WaitingCharge {
  readonly charge: Charge;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (outcome: ChargeOutcome) => void;
  readonly reject: (error: unknown) => void;
  attempts: number;
}

const WAITING_MAX = 10_000;
const ROUND_SIZE = 256;
/**
 * Rounds that one charge goes through, each a little later, while another call with its request id is at work or its pools
 * count at moments that are too far apart.
 */
const ATTEMPTS_MAX = 12;
const AGAIN_FIRST_MS = 2;
const OVERLOAD_RETRY_MS = 500;

function overloaded(message: string): KeypoolError {
  return new KeypoolError('OVERLOADED', message, { retryAfterMs: OVERLOAD_RETRY_MS });
}

export function createChargeRounds(
  store: Pick<CreditStore, 'chargeRound' | 'chargeRoundsMax'>,
  monotonicMs: () => number,
): ChargeRounds {
  let waiting: WaitingCharge[] = [];
  let underWay = 0;
  /** Charges that are to come again after a pause. */
  let paused = 0;
  const { schedule, idle } = createGathering({ ready, roundSize: ROUND_SIZE, begin: pump, monotonicMs });

  function settle(waited: WaitingCharge, result: ChargeResult): void {
    if (result.kind === 'unavailable') waited.reject(storeUnavailable('a charge was not confirmed'));
    else if (result.kind !== 'again') waited.resolve(result);
    else if (waited.attempts >= ATTEMPTS_MAX)
      // The store is there: what keeps the charge from being settled is another call, or too many of them.
      waited.reject(overloaded('The charge could not be settled in time. Try again shortly.'));
    else {
      const pauseMs = AGAIN_FIRST_MS * 2 ** waited.attempts;
      waited.attempts += 1;
      paused += 1;
      setTimeout(() => {
        paused -= 1;
        waiting.push(waited);
        schedule();
      }, pauseMs);
    }
  }

  async function run(batch: readonly WaitingCharge[]): Promise<void> {
    underWay += 1;
    try {
      const results = await store.chargeRound(batch.map(({ charge }) => charge));
      for (const [i, waited] of batch.entries()) settle(waited, results[i] ?? { kind: 'unavailable' });
    } catch (error) {
      for (const waited of batch) waited.reject(error);
    }
    underWay -= 1;
    schedule();
  }

  /** Takes the next that may go into a round. */
  function nextBatch(): readonly WaitingCharge[] {
    const batch = waiting.length > ROUND_SIZE ? waiting.splice(0, ROUND_SIZE) : waiting;
    if (batch === waiting) waiting = [];
    return batch.filter(({ signal, reject }) => {
      if (signal?.aborted === true) reject(new KeypoolError('CANCELED', 'The caller has gone.'));
      return signal?.aborted !== true;
    });
  }

  function ready(): number {
    return underWay < store.chargeRoundsMax ? waiting.length : 0;
  }

  /** Begins the rounds that may begin. */
  function pump(): boolean {
    while (underWay < store.chargeRoundsMax && waiting.length > 0) {
      const batch = nextBatch();
      if (batch.length > 0) void run(batch);
    }
    return underWay > 0 || paused > 0;
  }

  return {
    charge: (charge, signal) =>
      new Promise((resolve, reject) => {
        if (waiting.length >= WAITING_MAX) {
          reject(overloaded('Too many calls are waiting to be charged. Try again shortly.'));
          return;
        }
        waiting.push({ charge, signal, resolve, reject, attempts: 0 });
        schedule();
      }),
    idle,
  };
}
