import type { DatabaseSync } from 'node:sqlite';
import { type BudgetWatch, createBudgetWatch } from '../../model/budget-watch.ts';
import { createFreshRanks } from '../../model/rank.ts';
import { SUMMED_SPANS } from '../../model/usage-summary.ts';
import type { Change, StoreOptions } from '../port.ts';
import { type AdminEvents, createAdminEvents } from './admin-events.ts';
import { type ClockWatch, createClockWatch } from './clock-watch.ts';
import { type Credentials, createCredentials } from './credentials.ts';
import { type CreditPools, createCreditPools } from './credit-pools.ts';
import { createGroupMembers, type GroupMembers } from './group-members.ts';
import { createJobRows, type JobRows } from './jobs.ts';
import { createKeyRows, type KeyRows } from './key-rows.ts';
import { createKeyStates, type KeyStates } from './key-states.ts';
import { createLogLength } from './log-length.ts';
import { createNames, type Names } from './names.ts';
import { createPlaceTable, type PlaceTable } from './places.ts';
import { createQuotaGroupRows, type QuotaGroupRows } from './quota-group-rows.ts';
import { createTierRows, type TierRows } from './tiers.ts';
import { createTransactions, type Transactions } from './transaction.ts';
import { createUsageIndex, type UsageIndex } from './usage-index.ts';
import { createUsageRecords, type UsageRecords } from './usage-records.ts';
import { createUsageSums, type UsageSums } from './usage-sums.ts';

/** What the parts of an open store share. */
export interface Core {
  readonly db: DatabaseSync;
  readonly transactions: Transactions;
  readonly names: Names;
  readonly places: PlaceTable;
  readonly states: KeyStates;
  /** Of keys' numbers. */
  readonly budgetWatch: BudgetWatch<number>;
  readonly credentials: Credentials;
  readonly quotaGroups: QuotaGroupRows;
  readonly groupMembers: GroupMembers;
  readonly creditPools: CreditPools;
  readonly usageIndex: UsageIndex;
  readonly usageSums: UsageSums;
  readonly usageRecords: UsageRecords;
  readonly keys: KeyRows;
  readonly tiers: TierRows;
  readonly jobs: JobRows;
  readonly adminEvents: AdminEvents;
  readonly freshRank: () => number;
  readonly clockWatch: ClockWatch;
  readonly options: StoreOptions;
  /** The store's moment, in whole ms. */
  readonly now: () => number;
  /** Tells listeners of committed changes. */
  readonly announce: (...changes: readonly Change[]) => void;
  readonly onChange: (listener: (change: Change) => void) => () => void;
}

function createChanges(warn: StoreOptions['warn']): Pick<Core, 'announce' | 'onChange'> {
  const listeners = new Set<(change: Change) => void>();
  const tell = (listener: (change: Change) => void, change: Change): void => {
    try {
      listener(change);
    } catch (error) {
      warn('A listener to changes of the store failed.', error);
    }
  };
  return {
    announce: (...changes) => {
      for (const change of changes) for (const listener of listeners) tell(listener, change);
    },
    onChange: (listener) => {
      // Its own function, so that one listener registered twice is two.
      const registered = (change: Change): void => listener(change);
      listeners.add(registered);
      return () => {
        listeners.delete(registered);
      };
    },
  };
}

/** Prepares everything on an open database whose schema is up to date. */
export function createCore(db: DatabaseSync, path: string, options: StoreOptions): Core {
  const names = createNames(db);
  const places = createPlaceTable(db, names);
  const now = (): number => Math.floor(options.clock.nowMs());
  const budgetWatch = createBudgetWatch<number>();
  const states = createKeyStates(db, places, now, budgetWatch);
  const credentials = createCredentials(db);
  const tiers = createTierRows(db);
  const quotaGroups = createQuotaGroupRows(db);
  const creditPools = createCreditPools(db);
  const { hourMs } = options.summedSpans ?? SUMMED_SPANS;
  const usageSums = createUsageSums(db, hourMs);
  const usageIndex = createUsageIndex(db, usageSums);
  const transactions = createTransactions(db, [
    names,
    places,
    states,
    tiers,
    credentials,
    quotaGroups,
    creditPools,
    usageIndex,
    usageSums,
    { committed: () => {}, undone: budgetWatch.forget },
    createLogLength(path),
  ]);
  return {
    db,
    transactions,
    names,
    places,
    states,
    budgetWatch,
    credentials,
    quotaGroups,
    groupMembers: createGroupMembers(db),
    creditPools,
    usageIndex,
    usageSums,
    usageRecords: createUsageRecords(db, names, usageIndex),
    freshRank: createFreshRanks(options.clock),
    options,
    keys: createKeyRows(db, { names, states, credentials, quotaGroups, now }),
    tiers,
    jobs: createJobRows(db),
    adminEvents: createAdminEvents(db),
    clockWatch: createClockWatch(options),
    now,
    ...createChanges(options.warn),
  };
}
