import type { Budget } from './budget.ts';
import type { FailingOutcome } from './failure-policy.ts';
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

/** What an admin sets of a key for its draws, besides budgets. */
export interface KeyTraits {
  /** How many turns it gets for one of a key of weight 1, where its tier is `weighted`: 1 to 1,000. */
  readonly weight: number;
  /** In place of its tier's `maxInFlight`; null: as the tier says. */
  readonly maxInFlight: number | null;
  /** The quota group whose meters it shares; null for none. */
  readonly groupId: string | null;
  /** Draws up to this moment (ms) took nothing of that group; only where the key came to it later, and a store needs it. */
  readonly groupAfter?: number;
  /** From when on it comes up to its limits where its tier has a ramp, in ms; null: it has all of them. */
  readonly rampFrom: number | null;
}

export const PLAIN_TRAITS: KeyTraits = { weight: 1, maxInFlight: null, groupId: null, rampFrom: null };

/** A draw that a quarantined key was given on trial. */
export interface Trial {
  /** The take; its only draw has serial 0. */
  readonly take: string;
  /** Without a report by then (ms) it counts as failed. */
  readonly until: number;
}

/** What refusals have taught of one limit of a key: that its upstream grants less than the tier says. */
export interface LearnedLimit {
  /** Units that it granted within the window, as far as could be seen; 1 at least. */
  readonly units: number;
  /** Since when (ms); refusals of draws made before are of the same incident. */
  readonly since: number;
  /** How long (ms) it holds before more is tried: one unit, after as long again 3, then 7 … */
  readonly easeMs: number;
}

/** By the meter of the limit. */
export type LearnedLimits = Readonly<Record<string, LearnedLimit>>;

/** What the outcomes of its draws have made of a key. */
export interface KeyHealth {
  /** How many in a row since the last `ok`, by outcome; only those above 0. */
  readonly failures: Readonly<Partial<Record<FailingOutcome, number>>>;
  /** Outcomes of draws taken before this moment (ms) are of an incident that was counted: they count no more. */
  readonly countedFrom: number;
  /** Until when (ms) a feature rests; `*`: all of them. */
  readonly cooling: Readonly<Record<string, number>>;
  /** Limits lower than the tier's, by feature. */
  readonly learned: Readonly<Record<string, LearnedLimits>>;
  /** When it was quarantined, in ms; null when it is not. */
  readonly quarantinedAt: number | null;
  /** From when on (ms) a quarantined key may be given one draw on trial; null: only when an admin says so. */
  readonly trialAt: number | null;
  readonly trial: Trial | null;
  /** Trials that failed since it was quarantined. */
  readonly trialsFailed: number;
  /** Draws whose report has changed the row, until the report is known to be marked as applied; the oldest first. */
  readonly applied: readonly string[];
}

export const WELL: KeyHealth = {
  failures: {},
  countedFrom: 0,
  cooling: {},
  learned: {},
  quarantinedAt: null,
  trialAt: null,
  trial: null,
  trialsFailed: 0,
  applied: [],
};

/** All features, in {@link KeyHealth.cooling}. */
export const WHOLE_KEY = '*';

/** Draws of one take that are under way: no report of them has come yet. */
export interface Hold {
  readonly take: string;
  /** Units of each draw. */
  readonly units: number;
  /** Serials of the draws that are not reported: multiples of `units`, ascending. */
  readonly serials: readonly number[];
  /** From this moment (ms) on they count no longer. */
  readonly until: number;
}

/** Everything a take decides from: one row, one atom. */
export interface KeyState extends Places {
  readonly state: KeyLifecycle;
  /** Not drawn at or after this moment (ms); null for never. */
  readonly expireAt: number | null;
  /** The newest revision of its tier that the row has seen. */
  readonly revision: number;
  /** The store's moment (ms) of the last take that granted, or what was settled since and no take may come before; 0 when never. */
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
  readonly traits: KeyTraits;
  readonly health: KeyHealth;
  /** Draws in flight, where the tier keeps them. */
  readonly holds: readonly Hold[];
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
