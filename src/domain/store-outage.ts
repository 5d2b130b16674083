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
  let owed: UsageRecord[] = [];
  let lost = 0;
  const local = createLocalCredits(() => processes);

  function owe(event: UsageRecord | null): void {
    if (event === null) return;
    if (owed.length < OWED_MAX) owed.push({ ...event, once: true });
    else lost += 1;
  }

  async function writeOwed(): Promise<void> {
    while (owed.length > 0) {
      const batch = owed.slice(0, OWED_BATCH);
      await Promise.all(
        batch.map((event) => rounds.charge({ pools: [], cost: 0, event, idempotency: null })),
      );
      owed = owed.slice(batch.length);
    }
    if (lost > 0) log.error({ count: lost }, 'usage events of calls charged without the store were lost');
    lost = 0;
  }

  async function tend(): Promise<void> {
    probedAt = clock.monotonicMs();
    processes = Math.max(1, await store.noteProcess());
    if (down) {
      down = false;
      local.clear();
      log.info({}, 'credits are counted in the store again');
    }
    await writeOwed();
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

  function countLocally(charge: Charge): ChargeOutcome {
    const charged = local.charge(charge, store.now());
    if (charged.granted) owe(charge.event);
    return charged;
  }

  return {
    isLocal: () => down,
    tend,
    charge: async (charge, signal) => {
      if (settings.whenStoreDown === 'refuse') return stored(rounds.charge(charge, signal));
      if (down) {
        if (clock.monotonicMs() - probedAt > PROBE_EVERY_MS) tend().catch(goDown);
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
