import type { Budget } from './budget.ts';
import type { OpenTake } from './key.ts';
import type { MeterStates } from './meter.ts';
import type { TakeRequest, Took } from './take.ts';
import type { Limit } from './tier.ts';

/** What a take decides from of a quota group: one row, one atom, as a key's. */
export interface GroupState {
  /** 0 to 4 limits over all features of all its keys, all of which hold. */
  readonly limits: readonly Limit[];
  readonly meters: MeterStates;
  /** 0 to 4 over all features of all its keys. */
  readonly budgets: readonly Budget[];
  /** The highest epoch number ever given to one of its budgets. */
  readonly epoch: number;
  readonly open: readonly OpenTake[];
  /** The store's moment of the last take that granted (ms); 0 when never. */
  readonly takenAt: number;
  /** Draws whose report has settled units here, as in a key's health. */
  readonly applied: readonly string[];
}

/** Keys that share one upstream account, and so its quotas. Times in ms. */
export interface QuotaGroup extends GroupState {
  /** The user's slug, `[a-z0-9_-]{1,63}`. */
  readonly id: string;
  readonly description: string;
  /** Counts admin edits from 1; the etag. Takes leave it. */
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface GroupTakeResult {
  readonly state: GroupState;
  /** As a key's answer: `granted` is a multiple of `units`. */
  readonly took: Took;
}

/** What a take asks of the group before it asks the key: `count` draws of `units` each, at most. */
export type GroupRequest = Pick<TakeRequest, 'take' | 'units' | 'count' | 'openMs' | 'settled' | 'charge'>;

/** One atomic update of a group's row: limits and budgets as in `takeFromKey`, over all features. */
export function takeFromGroup(
  _before: GroupState,
  _request: GroupRequest,
  _storeNow: number,
): GroupTakeResult {
  throw new Error('not there yet');
}

/** Puts back into the budgets what of an open take was not drawn; as `settleTake`. */
export function settleGroupTake(
  _before: GroupState,
  _take: { readonly take: string; readonly n: number },
  _realUnits: number,
): GroupState {
  throw new Error('not there yet');
}
