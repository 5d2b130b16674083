import type { UsageRecord } from '../model/audit.ts';
import { StoreError } from '../store/errors.ts';
import type { Charge } from '../store/port.ts';
import type { ChargeOutcome, ChargeRounds } from './charge-rounds.ts';
import type { CreditsParts } from './credits.ts';
import { KeypoolError } from './errors.ts';
import { createLocalCredits } from './local-credits.ts';
import { stored } from './store-errors.ts';

/** Charges while there is a store, and what stands in for it while there is none. */
export interface StoreOutage {
  readonly charge: (charge: Charge, signal?: AbortSignal) => Promise<ChargeOutcome>;
  readonly isLocal: () => boolean;
  readonly tend: () => Promise<void>;
}

/** How often a store that is out of reach is tried, in ms: nobody else waits for it meanwhile. */
const PROBE_EVERY_MS = 1000;
/** Usage events that wait in memory for the store; what comes on top is lost, and the log says how much. */
const OWED_MAX = 10_000;
const OWED_BATCH = 100;

/** What goes on record later; with its request id, so that a retry by then is known to be one. */
interface OwedEvent extends Pick<Charge, 'idempotency'> {
  readonly event: UsageRecord;
}

function isUnavailable(error: unknown): boolean {
  if (error instanceof StoreError) return error.kind === 'unavailable';
  return error instanceof KeypoolError && error.reason === 'STORE_UNAVAILABLE';
}

/**
 * Credits without a store: refused, or counted here against this process's share. It is the one limit that then may be
 * passed; usage events are written once the store is back, unless this process ends before.
 */
export function createStoreOutage(
  { store, clock, log, settings }: Pick<CreditsParts, 'store' | 'clock' | 'log' | 'settings'>,
  rounds: Pick<ChargeRounds, 'charge'>,
): StoreOutage {
  let processes = 1;
  let down = false;
  let probedAt = 0;
  let owed: OwedEvent[] = [];
  let lost = 0;
  let tending: Promise<void> | null = null;
  const local = createLocalCredits(() => processes);

  function owe({ event, idempotency }: Charge): void {
    if (event === null) return;
    if (owed.length < OWED_MAX) owed.push({ event: { ...event, once: true }, idempotency });
    else lost += 1;
  }

  async function writeOwed(): Promise<void> {
    while (owed.length > 0) {
      const batch = owed.slice(0, OWED_BATCH);
      await Promise.all(
        batch.map(({ event, idempotency }) => rounds.charge({ pools: [], cost: 0, event, idempotency })),
      );
      owed = owed.slice(batch.length);
    }
    if (lost > 0) log.error({ count: lost }, 'usage events of calls charged without the store were lost');
    lost = 0;
  }

  async function tendOnce(): Promise<void> {
    probedAt = clock.monotonicMs();
    processes = Math.max(1, await store.noteProcess());
    if (down) {
      down = false;
      log.info({}, 'credits are counted in the store again');
    }
    await writeOwed();
  }

  /** One at a time: two would write the same events, and take others for written. */
  function tend(): Promise<void> {
    tending ??= tendOnce().finally(() => {
      tending = null;
    });
    return tending;
  }

  function goDown(error: unknown): void {
    if (!down) {
      log.warn(
        { err: error, processes },
        'credits are not counted in the store: each process grants its share of every limit until it is back',
      );
      probedAt = clock.monotonicMs();
    }
    down = true;
  }

  /** The store may be back, and yet not take all that waited for it. */
  function onProbeFailed(error: unknown): void {
    if (isUnavailable(error)) goDown(error);
    else log.warn({ err: error }, 'usage events of calls charged without the store are still to be written');
  }

  function countLocally(charge: Charge): ChargeOutcome {
    const outcome = local.charge(charge, store.now());
    if (outcome.kind === 'charged' && outcome.granted && !outcome.replayed) owe(charge);
    return outcome;
  }

  return {
    isLocal: () => down,
    tend,
    charge: async (charge, signal) => {
      if (settings.whenStoreDown === 'refuse') return stored(rounds.charge(charge, signal));
      if (down) {
        if (clock.monotonicMs() - probedAt > PROBE_EVERY_MS) tend().catch(onProbeFailed);
        return countLocally(charge);
      }
      try {
        return await rounds.charge(charge, signal);
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        goDown(error);
        return countLocally(charge);
      }
    },
  };
}
