import type { Db, MongoClient } from 'mongodb';
import type { BudgetWatch } from '../../model/budget-watch.ts';
import type { Change, StoreOptions } from '../port.ts';
import type { CandidateDocument } from './candidates.ts';
import type { Collections } from './collections.ts';
import type { FreedNotices } from './freed-notices.ts';
import type { KnownPrimary } from './known-primary.ts';
import type { OwnSessions } from './own-sessions.ts';
import type { ReadAhead } from './read-ahead.ts';
import type { StoreClock } from './store-clock.ts';

/** What every part of the adapter works with; made once in `open.ts`. */
export interface MongoContext {
  readonly client: MongoClient;
  readonly db: Db;
  readonly election: KnownPrimary['election'];
  readonly rows: Collections;
  readonly options: StoreOptions;
  readonly storeClock: StoreClock;
  readonly freshRank: () => number;
  readonly ahead: ReadAhead<CandidateDocument>;
  /** How long after its take the audit rows of a take may be sent, in ms. */
  readonly openTakeMs: number;
  /** Of keys' ids. */
  readonly budgetWatch: BudgetWatch<string>;
  /** Tells listeners of this process about a committed change. */
  readonly announce: (change: Change) => void;
  /** Tells every process that keys of a tier may serve sooner than was told of them. */
  readonly freed: FreedNotices['freed'];
  readonly ownSessions: OwnSessions;
  /** Runs `work` over connections of its own, for reads that take longer than a call may. */
  readonly patiently: <T>(work: (rows: Collections) => Promise<T>) => Promise<T>;
  /** Names this opening of the store among others. */
  readonly processId: string;
}

/** The store's time in whole ms. */
export function storeNow(context: MongoContext): number {
  return Math.floor(context.storeClock.nowMs());
}
