import { evaluate } from './expressions.ts';
import { isTrue } from './operands.ts';
import { indexIn, namesIn } from './paths.ts';
import { compare, isFields, isList, type Row, same, typeRank, unknownTo, type Value } from './values.ts';

/** A condition on an element of an array holds no expression. */
const NO_MOMENT = new Date(Number.NaN);

type Test = (found: Value, wanted: Value) => boolean;

/** True when the row matches a query filter at `now`. */
export function matches(row: Row, filter: object, now: Date): boolean {
  for (const [name, condition] of Object.entries(filter)) if (!holds(row, name, condition, now)) return false;
  return true;
}

function holds(row: Row, name: string, condition: unknown, now: Date): boolean {
  if (name === '$and') return filtersIn(condition).every((one) => matches(row, one, now));
  if (name === '$or') return filtersIn(condition).some((one) => matches(row, one, now));
  if (name === '$expr') return isTrue(evaluate(condition, { root: row, now, variables: null }));
  if (name.startsWith('$')) throw unknownTo(`${name} in a filter`);
  return matchesAt(row, namesIn(name), condition);
}

function filtersIn(condition: unknown): readonly object[] {
  if (!Array.isArray(condition)) throw unknownTo('a list of filters that is none');
  return condition;
}

function isOperators(condition: unknown): condition is { readonly [operator: string]: Value } {
  return isFields(condition) && (Object.keys(condition)[0]?.startsWith('$') ?? false);
}

function matchesAt(value: Value, names: readonly string[], condition: unknown): boolean {
  const candidates = candidatesAt(value, names, 0);
  if (!isOperators(condition)) return candidates.some((found) => equals(found, condition as Value));
  return Object.entries(condition).every(([operator, wanted]) => {
    if (operator === '$ne') return !candidates.some((found) => equals(found, wanted));
    if (operator === '$nin') return !candidates.some((found) => isAmong(found, wanted));
    if (operator === '$not') return !matchesAt(value, names, wanted);
    if (operator === '$exists') return candidates.some((found) => found !== undefined) === isTrue(wanted);
    const test = TESTS[operator];
    if (test === undefined) throw unknownTo(`${operator} in a filter`);
    return candidates.some((found) => test(found, wanted));
  });
}

/**
 * All that a path leads to: through arrays to their elements, or to that of a number, and at its end to an array and to
 * each in it.
 */
function candidatesAt(value: Value, names: readonly string[], from: number): readonly Value[] {
  if (from === names.length) return isList(value) ? [value, ...value] : [value];
  if (isList(value)) {
    const index = indexIn(names[from] ?? '');
    if (index !== null) {
      if (value.some((one) => isFields(one) && (names[from] ?? '') in one))
        throw unknownTo(`a number that is a field too, in ${names.join('.')}`);
      return candidatesAt(value[index], names, from + 1);
    }
    const found = value.filter(isFields).flatMap((one) => candidatesAt(one, names, from));
    return found.length > 0 ? found : [undefined];
  }
  return isFields(value) ? candidatesAt(value[names[from] ?? ''], names, from + 1) : [undefined];
}

/** Null stands for a missing field too. */
function equals(found: Value, wanted: Value): boolean {
  return found === undefined ? wanted === null : same(found, wanted);
}

function isAmong(found: Value, wanted: Value): boolean {
  return isList(wanted) && wanted.some((one) => equals(found, one));
}

const ordered =
  (fits: (order: number) => boolean): Test =>
  (found, wanted) =>
    found !== undefined && typeRank(found) === typeRank(wanted) && fits(compare(found, wanted));

const TESTS: Readonly<Record<string, Test>> = {
  $eq: equals,
  $gt: ordered((order) => order > 0),
  $gte: ordered((order) => order >= 0),
  $lt: ordered((order) => order < 0),
  $lte: ordered((order) => order <= 0),
  $in: isAmong,
  $elemMatch: (found, wanted) =>
    isList(found) &&
    found.some((one) => isFields(one) && isFields(wanted) && matches({ _id: '', ...one }, wanted, NO_MOMENT)),
};
