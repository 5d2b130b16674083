import type { Budget } from './budget.ts';
import type { MeterStates } from './meter.ts';
import type { QueueName } from './tier.ts';

export type KeyLifecycle = 'active' | 'disabled' | 'quarantined';

/** A take whose audit rows are not yet known to be settled; kept only where a key has budgets. */
export interface OpenTake {
  readonly take: string;
  /** Units taken, `n / units` draws with serials 0, units, 2·units … */
  readonly n: number;
  readonly units: number;
  /** After this moment (ms, the store's) its process sends no audit row of it any more. */
  readonly end: number;
  /** The epochs it was charged to; units go back only into these. */
  readonly epochs: readonly number[];
}

/** Open takes a row can hold; one more makes the key wait. */
export const OPEN_TAKES_MAX = 64;

/** How long after an open take's `end` any process may settle it, in ms. */
export const RECOVERY_GRACE_MS = 2000;

/** Where the key stands in each queue: in `ready` with a rank, in `due` with a moment, or in neither: out. */
export interface Places {
  readonly ready: Readonly<Record<QueueName, number>>;
  readonly due: Readonly<Record<QueueName, number>>;
}

/** Everything a take decides from: one row, one atom. */
export interface KeyState extends Places {
  readonly state: KeyLifecycle;
  /** Not drawn at or after this moment (ms); null for never. */
  readonly expireAt: number | null;
  /** The newest revision of its tier that the row has seen. */
  readonly revision: number;
  /** The store's moment of the last take that granted (ms); 0 when never. */
  readonly takenAt: number;
  /** Meter states by feature, then by meter id. */
  readonly meters: Readonly<Record<string, MeterStates>>;
  readonly budgets: readonly Budget[];
  /** The highest epoch number ever given to one of its budgets. */
  readonly epoch: number;
  readonly open: readonly OpenTake[];
  /** The rank of the last use in each queue, kept while parked. */
  readonly lastRank: Readonly<Record<QueueName, number>>;
  /** The rank a queue starts from where the key was never drawn: before all that were used. */
  readonly freshRank: number;
}

/** One upstream credential with its state. `value` and `secrets` are as sealed. Times in ms. */
export interface Key extends KeyState {
  readonly id: string;
  readonly tierId: string;
  readonly name: string;
  /** Keyed hash of the opened value, unique in its tier. */
  readonly fingerprint: string;
  /** The last four characters of the value. */
  readonly valueHint: string;
  readonly value: string;
  readonly secrets: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly stateReason: string;
  /** The tier revision its places reflect. */
  readonly placed: number;
  /** Counts admin edits from 1; the etag. Takes leave it. */
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}
