import type { Job } from '../../model/job.ts';

export interface StoreStatus {
  readonly kind: 'sqlite' | 'mongodb';
  readonly reachable: boolean;
  readonly schemaVersion: number;
  /** One plain line for people: file name or host list without credentials. */
  readonly detail: string;
  /** When the store's clock last jumped by more than a guard against the process's, and by how many ms. */
  readonly clockJump: { readonly at: number; readonly byMs: number } | null;
}

/**
 * What may be cached elsewhere and has changed; `all` when the store cannot tell. `freed`: keys of the tier may serve
 * before the moment that was told of them, as a report, an edit of a key or of its quota group, or new keys have let
 * them. Nothing is cached of that, so nobody is promised to hear of it: what waits for it looks again by itself.
 */
export type Change =
  | { readonly kind: 'tier'; readonly id: string }
  | { readonly kind: 'freed'; readonly tierId: string }
  | { readonly kind: 'consumer'; readonly id: string }
  | { readonly kind: 'subject'; readonly id: string }
  | { readonly kind: 'owner'; readonly id: string }
  | { readonly kind: 'signing-keys' }
  | { readonly kind: 'all' };

export interface MaintenanceStore {
  /** Unfinished jobs, and those finished in the last hour; newest first, at most 100. */
  readonly listJobs: () => Promise<readonly Job[]>;
  /**
   * Works on the next batch, up to `batch` keys, of the unfinished job that was worked on least recently; returns it, or
   * null when there is none.
   * Any process may call it at any time: batches commit whole, repeating one changes nothing.
   */
  readonly runJobStep: (batch: number) => Promise<Job | null>;
  /**
   * Takes expired keys out of their queues, and puts those back that the clock, when it was ahead, made out to be; looks at
   * `limit` keys at most and returns how many it looked at.
   */
  readonly parkExpiredKeys: (limit: number) => Promise<number>;
  /** Counted to `cap` each. */
  readonly poolSizes: (cap: number) => Promise<{ tiers: number; keys: number; consumers: number }>;
  /** Small named texts (canaries, the fingerprint key): stores `value` unless there is one; gives what is stored. */
  readonly keepMeta: (name: string, value: string) => Promise<string>;
  /** All whose name starts with `prefix`. */
  readonly listMeta: (prefix: string) => Promise<ReadonlyMap<string, string>>;
  readonly status: () => Promise<StoreStatus>;
  /** The store's time as best known in this process, in ms. */
  readonly now: () => number;
  /** Calls back on every change of this process at once, and of others as soon as it is known. Returns the undo. */
  readonly onChange: (listener: (change: Change) => void) => () => void;
  /**
   * How long ago, in ms of the monotonic clock, every change acknowledged until then had been told to all listeners; after
   * a gap `all` is told first. Infinity where that is not known.
   */
  readonly changeLagMs: () => number;
  /** Finishes what is under way and lets go of file and connections. */
  readonly close: () => Promise<void>;
}
