import {
  isListed,
  type KeyOrder,
  type KeyTraitFilter,
  orderValue,
  type ScannedKey,
  STATES_IN_ORDER,
} from '../model/key-order.ts';
import type { KeyFilter } from '../store/port.ts';

/** What a list of keys lets through. */
export interface ListedKeys extends KeyFilter, KeyTraitFilter {}

export interface KeyOrdering {
  readonly by: KeyOrder;
  readonly descending: boolean;
}

/**
 * One stretch of an ordered list. `walk`: keys in the order of their ids, as many as are wanted; `sort`: all keys of a
 * source are looked at, and the first of them by value are given.
 */
export type Stretch = {
  readonly filter: KeyFilter;
  readonly accepts: (key: ScannedKey, now: number) => boolean;
} & (
  | { readonly kind: 'walk'; readonly descending: boolean }
  | { readonly kind: 'sort'; readonly source: 'unwell' | 'all' }
);

/** True where what is asked for shows in a key's health: then only those that are not well are looked at. */
function asksForUnwell({ condition, minFailureStreak = 0 }: KeyTraitFilter): boolean {
  return condition === 'cooling' || minFailureStreak > 0;
}

/** A condition that is a state is looked for as that. Null when no key can be both. */
function stateOf({ state, condition }: ListedKeys): KeyFilter['state'] | null {
  if (condition !== 'disabled' && condition !== 'quarantined') {
    if (condition !== undefined && state !== undefined && state !== 'active') return null;
    return condition === undefined ? state : 'active';
  }
  return state === undefined || state === condition ? condition : null;
}

/** True when the list is in the order of creation, and the store itself finds what it lets through. */
export function isPlainList(
  { condition, minFailureStreak }: ListedKeys,
  { by, descending }: KeyOrdering,
): boolean {
  const isPlainFilter = condition === undefined && minFailureStreak === undefined;
  return by === 'creation' && !descending && isPlainFilter;
}

/** True when every key of what is looked through has to be read, and it is to be one tier's. */
export function needsTier(filter: ListedKeys, { by }: KeyOrdering): boolean {
  if (asksForUnwell(filter)) return false;
  const { condition } = filter;
  const changesWithTakes = condition === 'ready' || condition === 'exhausted' || condition === 'expired';
  return by === 'remaining' || changesWithTakes;
}

/** The stretches that make up a list, one after another. None where no key can be in it. */
export function stretchesOf(filter: ListedKeys, { by, descending }: KeyOrdering): readonly Stretch[] {
  const state = stateOf(filter);
  if (state === null) return [];
  const { tierId, groupId } = filter;
  const base: KeyFilter = {
    ...(tierId === undefined ? {} : { tierId }),
    ...(state === undefined ? {} : { state }),
    ...(groupId === undefined ? {} : { groupId }),
  };
  const accepts: Stretch['accepts'] = (key, now) => isListed(key, filter, now);
  const hasValue = (has: boolean): Stretch['accepts'] => {
    return (key, now) => accepts(key, now) && (orderValue(key, by, now) !== null) === has;
  };
  const walk = { kind: 'walk', filter: base, accepts, descending: false } as const;
  if (asksForUnwell(filter)) return [{ kind: 'sort', source: 'unwell', filter: base, accepts }];
  switch (by) {
    case 'creation':
      return [{ ...walk, descending }];
    case 'state': {
      const states = STATES_IN_ORDER.filter((one) => state === undefined || one === state);
      const ordered = descending ? states.toReversed() : states;
      return ordered.map((one) => ({ ...walk, filter: { ...base, state: one } }));
    }
    case 'remaining':
    case 'cooling_until':
    case 'failure_streak': {
      const source = by === 'remaining' ? 'all' : 'unwell';
      const sorted: Stretch = { kind: 'sort', source, filter: base, accepts: hasValue(true) };
      return [sorted, { ...walk, accepts: hasValue(false) }];
    }
  }
}
