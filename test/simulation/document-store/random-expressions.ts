import type { Random } from '../random.ts';

type Made = unknown;

const NUMBERS: readonly [Made, ...Made[]] = ['$a', '$b', '$n', '$missing', 0, 1, -3, 7, null];
const LISTS: readonly [Made, ...Made[]] = ['$l', '$e', '$o.v', [1, 2]];
const DEPTH = 3;

/** Expressions of the operators that pipelines use, over a row with numbers, nulls, gaps and lists. */
export function expressions(random: Random, count: number): Made[] {
  return Array.from({ length: count }, () => anyValue(random, DEPTH));
}

function anyValue(random: Random, depth: number): Made {
  return random.pick([number, test, list])(random, depth);
}

/** A number, null or missing. */
function number(random: Random, depth: number): Made {
  if (depth === 0) return random.pick(NUMBERS);
  const inner = () => number(random, depth - 1);
  const makers: [() => Made, ...(() => Made)[]] = [
    () => ({ $add: [inner(), inner(), 1] }),
    () => ({ $subtract: [inner(), inner()] }),
    () => ({ $multiply: [inner(), 2] }),
    () => ({ $floor: { $divide: [inner(), 2] } }),
    () => ({ $max: [inner(), inner(), inner()] }),
    () => ({ $min: [inner(), inner()] }),
    () => ({ $max: [list(random, depth - 1)] }),
    () => ({ $min: [list(random, depth - 1)] }),
    () => ({ $sum: [list(random, depth - 1)] }),
    () => ({ $ifNull: [inner(), inner()] }),
    () => ({ $cond: [test(random, depth - 1), inner(), inner()] }),
    () => ({ $let: { vars: { x: inner() }, in: { $ifNull: ['$$x', { $add: ['$$x', 1] }] } } }),
    () => ({ $size: [list(random, depth - 1)] }),
    () => ({
      $reduce: { input: list(random, depth - 1), initialValue: 0, in: { $add: ['$$value', '$$this'] } },
    }),
  ];
  return random.pick(makers)();
}

function test(random: Random, depth: number): Made {
  const inner = () => (depth === 0 ? random.pick(NUMBERS) : number(random, depth - 1));
  const other = () => (depth === 0 ? random.chance(0.5) : test(random, depth - 1));
  const operator = random.pick(['$eq', '$ne', '$gt', '$gte', '$lt', '$lte'] as const);
  const makers: [() => Made, ...(() => Made)[]] = [
    () => ({ [operator]: [inner(), inner()] }),
    () => ({ [operator]: [inner(), null] }),
    () => ({ $and: [other(), other(), inner()] }),
    () => ({ $or: [other(), other()] }),
    () => ({ $not: [random.chance(0.5) ? other() : inner()] }),
    () => ({ $in: [inner(), list(random, 0)] }),
  ];
  return random.pick(makers)();
}

function list(random: Random, depth: number): Made {
  if (depth === 0) return random.pick(LISTS);
  const inner = () => list(random, depth - 1);
  const makers: [() => Made, ...(() => Made)[]] = [
    () => ({ $concatArrays: [inner(), inner()] }),
    () => ({ $filter: { input: inner(), cond: { $gt: ['$$this', number(random, depth - 1)] } } }),
    () => ({ $map: { input: inner(), in: { $ifNull: [{ $add: ['$$this', 1] }, '$missing'] } } }),
    () => ({ $slice: [inner(), random.int(-2, 2)] }),
    () => ({ $map: { input: { $objectToArray: { p: number(random, depth - 1), q: 1 } }, in: '$$this.v' } }),
    () => [number(random, depth - 1), { $last: [inner()] }],
  ];
  return random.pick(makers)();
}
