import { type Fields, isFields, isList, unknownTo, type Value } from './values.ts';

const split = new Map<string, readonly string[]>();

/** The names in a dotted path. */
export function namesIn(path: string): readonly string[] {
  let names = split.get(path);
  if (names === undefined) {
    names = path.split('.');
    if (split.size < 10_000) split.set(path, names);
  }
  return names;
}

/** The place in an array that a name of a path may stand for; null for none. */
export function indexIn(name: string): number | null {
  return /^\d+$/.test(name) ? Number(name) : null;
}

/** What an expression finds at a path: through an array, the values of all its elements that have one. */
export function valueAt(value: Value, names: readonly string[], from = 0): Value {
  let current = value;
  for (let i = from; i < names.length; i += 1) {
    if (isList(current)) {
      const found = current.map((one) => valueAt(one, names, i));
      return found.filter((one) => one !== undefined);
    }
    if (!isFields(current)) return undefined;
    current = current[names[i] ?? ''];
  }
  return current;
}

/** The row with another value at a path; `undefined` takes the field away. */
export function withValueAt<T extends Fields>(
  row: T,
  names: readonly string[],
  value: Value,
  from?: number,
): T;
export function withValueAt(row: Fields, names: readonly string[], value: Value, from = 0): Fields {
  const [name = '', last] = [names[from], from === names.length - 1];
  if (last && value === undefined) {
    if (!(name in row)) return row;
    const { [name]: _gone, ...rest } = row;
    return rest;
  }
  if (last) return { ...row, [name]: value };
  const inner = row[name];
  if (isList(inner)) throw unknownTo(`a change through an array at ${names.join('.')}`);
  if (!isFields(inner) && value === undefined) return row;
  return { ...row, [name]: withValueAt(isFields(inner) ? inner : {}, names, value, from + 1) };
}
