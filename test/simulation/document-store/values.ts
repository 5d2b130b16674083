/** A value of a stored document. In an expression `undefined` stands for a missing field. */
export type Value =
  | undefined
  | null
  | boolean
  | number
  | string
  | Date
  | readonly Value[]
  | { readonly [field: string]: Value };

export type Fields = { readonly [field: string]: Value };
export type Row = Fields & { readonly _id: string };

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** All that was refused: whoever caught it may have kept it to himself. */
export const unknownNames: string[] = [];

/** Refuses what the simulated store has no rule for, so that nobody rests on a wrong answer. */
export function unknownTo(what: string): Error {
  const message = `the simulated store does not know ${what}`;
  unknownNames.push(message);
  return new Error(message);
}

/** A copy of what a command carries: as the driver serialises it when the command is sent. */
export function copyOf(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return value;
  if (value instanceof Date) return new Date(value);
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isFields(value) || Object.getPrototypeOf(value) !== Object.prototype)
    throw unknownTo(`values such as ${String(value)}`);
  const copy: Record<string, Value> = {};
  for (const name in value) copy[name] = copyOf(value[name]);
  return copy;
}

/** The order of types in BSON comparisons. */
export function typeRank(value: Value): number {
  if (value === undefined) return 0;
  if (value === null) return 1;
  if (typeof value === 'number') return 2;
  if (typeof value === 'string') return 3;
  if (typeof value === 'boolean') return 7;
  if (value instanceof Date) return 8;
  return isList(value) ? 5 : 4;
}

/** Below, at or above zero, in the BSON order. */
export function compare(a: Value, b: Value): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (a === b) return 0;
  const ranks = typeRank(a) - typeRank(b);
  if (ranks !== 0) return ranks;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : 1;
  if (typeof a === 'boolean') return a ? 1 : -1;
  if (a instanceof Date && b instanceof Date) return a.getTime() - b.getTime();
  if (isList(a) && isList(b)) return compareLists(a, b);
  if (isFields(a) && isFields(b)) return compareFields(a, b);
  return 0;
}

export function same(a: Value, b: Value): boolean {
  return compare(a, b) === 0;
}

function compareLists(a: readonly Value[], b: readonly Value[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const order = compare(a[i], b[i]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Field by field as they stand: type, then name, then value. */
function compareFields(a: Fields, b: Fields): number {
  const [ours, theirs] = [Object.entries(a), Object.entries(b)];
  for (const [i, [name, value]] of ours.entries()) {
    const other = theirs[i];
    if (other === undefined) return 1;
    const order = typeRank(value) - typeRank(other[1]) || compare(name, other[0]) || compare(value, other[1]);
    if (order !== 0) return order;
  }
  return ours.length - theirs.length;
}
