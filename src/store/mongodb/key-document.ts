import { isDeepStrictEqual } from 'node:util';
import type { Budget } from '../../model/budget.ts';
import { type Key, type KeyState, PLAIN_TRAITS, WELL } from '../../model/key.ts';
import { isUnwell } from '../../model/key-order.ts';
import { isPlain } from '../../model/plain.ts';
import type { Took } from '../../model/take.ts';
import { guardMs } from '../../model/tier.ts';

/** A budget with its guard in ms (0 for life), so that the pipelines need not work it out. */
export type StoredBudget = Omit<Budget, LaterBudget> &
  Partial<Pick<Budget, LaterBudget>> & { readonly guardMs: number };

/** What budgets have since the third schema. */
type LaterBudget = 'periods' | 'countsFrom';

/** What rows have since the third schema, where it is not what most keys have. */
type LaterState = 'traits' | 'health' | 'holds';

/** The part of a key's row that takes work on; maps and arrays are always there, empty or not. */
export interface StateDocument
  extends Omit<KeyState, 'budgets' | LaterState>,
    Partial<Pick<KeyState, LaterState>> {
  readonly budgets: readonly StoredBudget[];
  /** It holds more than the pipelines know of: only changes that compare `turn` may be made on it. */
  readonly smart?: true;
  /** `isUnwell` of it, so that lists find it. */
  readonly unwell?: true;
  /** The earliest end of its open takes; absent without one. */
  readonly openEnd?: number;
}

/** Names of secrets and metadata are the user's and may hold dots and dollars, so they are not used as field names. */
type StoredMap = readonly { readonly k: string; readonly v: string }[];

/** A key's row. */
export interface KeyDocument
  extends StateDocument,
    Omit<Key, keyof KeyState | 'id' | 'secrets' | 'metadata'> {
  readonly _id: string;
  readonly secrets: StoredMap;
  readonly metadata: StoredMap;
  /** When an expiring key is to be taken out of its queues; absent once it is. */
  readonly parkAt?: number;
  /** Its `expireAt`, on a key that is out of its queues as its time was over by the store's clock then. */
  readonly outExpired?: number;
  /** The takes before the last one, the newest first, where several processes draw. */
  readonly earlier?: readonly Pick<Took, 'take' | 'at'>[];
  /** Which process made the row's last take. */
  readonly takenBy?: string;
  /** The answer of the row's last take. */
  readonly took?: Took;
  /**
   * Which write changed the row last, other than a take by pipeline or a direct one, which set `took`: unique to it. Who
   * read this one and `took` knows the row, and changes it on the condition that both are there still.
   */
  readonly turn?: string;
  /** Counts the edits that locked the row; means nothing else. */
  readonly locks?: number;
}

export function toStoredMap(map: Readonly<Record<string, string>>): StoredMap {
  return Object.entries(map).map(([k, v]) => ({ k, v }));
}

export function fromStoredMap(stored: StoredMap): Record<string, string> {
  return Object.fromEntries(stored.map(({ k, v }) => [k, v]));
}

/** As a row has it. */
export function toStoredBudget(budget: Budget): StoredBudget {
  const { limit, windowMs, periods, used, startAt, epoch, countsFrom, forgiven } = budget;
  return {
    limit,
    windowMs,
    used,
    startAt,
    epoch,
    countsFrom,
    ...(periods === null ? {} : { periods }),
    ...(forgiven === undefined ? {} : { forgiven }),
    guardMs: windowMs === null ? 0 : guardMs({ windowMs }),
  };
}

export function fromStoredBudget({ guardMs: _guardMs, ...budget }: StoredBudget): Budget {
  return { ...budget, periods: budget.periods ?? null, countsFrom: budget.countsFrom ?? 0 };
}

function laterState(state: KeyState): Pick<StateDocument, LaterState | 'smart' | 'unwell'> {
  const { traits, health, holds } = state;
  return {
    ...(isDeepStrictEqual(traits, PLAIN_TRAITS) ? {} : { traits }),
    ...(isDeepStrictEqual(health, WELL) ? {} : { health }),
    ...(holds.length === 0 ? {} : { holds }),
    ...(isPlain(state) ? {} : { smart: true as const }),
    ...(isUnwell(state) ? { unwell: true as const } : {}),
  };
}

export function toStateDocument(state: KeyState): StateDocument {
  return {
    state: state.state,
    expireAt: state.expireAt,
    revision: state.revision,
    takenAt: state.takenAt,
    meters: state.meters,
    budgets: state.budgets.map(toStoredBudget),
    epoch: state.epoch,
    open: state.open,
    ready: state.ready,
    due: state.due,
    lastRank: state.lastRank,
    freshRank: state.freshRank,
    ...laterState(state),
    ...(state.open.length > 0 ? { openEnd: Math.min(...state.open.map((take) => take.end)) } : {}),
  };
}

export function fromStateDocument(document: StateDocument): KeyState {
  return {
    state: document.state,
    expireAt: document.expireAt,
    revision: document.revision,
    takenAt: document.takenAt,
    meters: document.meters,
    budgets: document.budgets.map(fromStoredBudget),
    epoch: document.epoch,
    open: document.open,
    ready: document.ready,
    due: document.due,
    lastRank: document.lastRank,
    freshRank: document.freshRank,
    traits: document.traits ?? PLAIN_TRAITS,
    health: document.health === undefined ? WELL : { ...WELL, ...document.health },
    holds: document.holds ?? [],
  };
}

export function toKeyDocument(key: Key): KeyDocument {
  return {
    _id: key.id,
    tierId: key.tierId,
    name: key.name,
    fingerprint: key.fingerprint,
    valueHint: key.valueHint,
    value: key.value,
    secrets: toStoredMap(key.secrets),
    metadata: toStoredMap(key.metadata),
    stateReason: key.stateReason,
    placed: key.placed,
    version: key.version,
    createdAt: key.createdAt,
    updatedAt: key.updatedAt,
    ...toStateDocument(key),
    ...(key.expireAt === null ? {} : { parkAt: key.expireAt }),
  };
}

export function fromKeyDocument(document: KeyDocument): Key {
  return {
    id: document._id,
    tierId: document.tierId,
    name: document.name,
    fingerprint: document.fingerprint,
    valueHint: document.valueHint,
    value: document.value,
    secrets: fromStoredMap(document.secrets),
    metadata: fromStoredMap(document.metadata),
    stateReason: document.stateReason,
    placed: document.placed,
    version: document.version,
    createdAt: document.createdAt,
    updatedAt: document.updatedAt,
    ...fromStateDocument(document),
  };
}
