import type { JsonObject } from '@bufbuild/protobuf';
import type { LineProblem } from '../../domain/import-keys.ts';

/** Puts a cell that is not empty where it belongs in a key's JSON; gives what is wrong with it, or null. */
export type Column = (cell: string, key: JsonObject) => LineProblem | null;

function plain(field: string): Column {
  return (cell, key) => {
    key[field] = cell;
    return null;
  };
}

/** One of some words, as an enum's value. */
function word(name: string, field: string, prefix: string, words: readonly string[]): Column {
  return (cell, key) => {
    const found = words.find((one) => one === cell || `${prefix}_${one.toUpperCase()}` === cell);
    if (found === undefined) return { field: name, message: `must be one of ${words.join(', ')}` };
    key[field] = `${prefix}_${found.toUpperCase()}`;
    return null;
  };
}

function objectIn(parent: JsonObject, field: string): JsonObject {
  const there = parent[field];
  if (typeof there === 'object' && there !== null && !Array.isArray(there)) return there;
  const made: JsonObject = {};
  parent[field] = made;
  return made;
}

/** An entry of a map; made so that a name such as `__proto__` is one too. */
function entry(field: string, name: string): Column {
  return (cell, key) => {
    Object.defineProperty(objectIn(key, field), name, {
      value: cell,
      enumerable: true,
      configurable: true,
      writable: true,
    });
    return null;
  };
}

/** A column about the one budget that a line can have. */
function budget(column: Column): Column {
  return (cell, key) => {
    const [first] = Array.isArray(key.budgets) ? key.budgets : [];
    const made: JsonObject =
      typeof first === 'object' && first !== null && !Array.isArray(first) ? first : {};
    key.budgets = [made];
    return column(cell, made);
  };
}

function calendar(column: Column): Column {
  return (cell, made) => column(cell, objectIn(made, 'calendar'));
}

const COLUMNS: Readonly<Record<string, Column>> = {
  value: plain('value'),
  name: plain('name'),
  state: word('state', 'state', 'KEY_STATE', ['active', 'disabled']),
  state_reason: plain('stateReason'),
  expire_time: plain('expireTime'),
  weight: plain('weight'),
  max_in_flight: plain('maxInFlight'),
  quota_group_id: plain('quotaGroupId'),
  budget_limit: budget(plain('limit')),
  budget_window: budget(plain('window')),
  budget_start_time: budget(plain('startTime')),
  budget_calendar: budget(
    calendar(word('budget_calendar', 'unit', 'CALENDAR_UNIT', ['day', 'week', 'month'])),
  ),
  budget_time_zone: budget(calendar(plain('timeZone'))),
};

const MAPS = ['metadata', 'secrets'];
/** Entries that the maps of a key can have together. */
const ENTRIES_MAX = 80;

/** A first line that names more cannot be right. */
export const COLUMNS_MAX: number = Object.keys(COLUMNS).length + ENTRIES_MAX;

/** The column of a name in the first line; null for none that is known. */
export function columnOf(name: string): Column | null {
  const known = Object.hasOwn(COLUMNS, name) ? COLUMNS[name] : undefined;
  if (known !== undefined) return known;
  const map = MAPS.find((field) => name.startsWith(`${field}.`) && name.length > field.length + 1);
  return map === undefined ? null : entry(map, name.slice(map.length + 1));
}

/** The names of all columns, for who has to correct one. */
export const COLUMN_NAMES: readonly string[] = [...Object.keys(COLUMNS), 'metadata.<name>', 'secrets.<name>'];
