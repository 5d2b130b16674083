import { isTrue, listOf, type Operator, operandsOf, partsOf, unary, withVariable } from './operands.ts';
import { isList, same, unknownTo, type Value } from './values.ts';

const map: Operator = (operand, scope, evaluate) => {
  const { input, as = 'this', in: inside } = partsOf('$map', operand, ['input', 'as', 'in']);
  const list = listOf('$map', evaluate(input, scope));
  return list?.map((one) => evaluate(inside, withVariable(scope, String(as), one)) ?? null) ?? null;
};

const filter: Operator = (operand, scope, evaluate) => {
  const { input, as = 'this', cond: test } = partsOf('$filter', operand, ['input', 'as', 'cond']);
  const list = listOf('$filter', evaluate(input, scope));
  return list?.filter((one) => isTrue(evaluate(test, withVariable(scope, String(as), one)))) ?? null;
};

const reduce: Operator = (operand, scope, evaluate) => {
  const { input, initialValue, in: inside } = partsOf('$reduce', operand, ['input', 'initialValue', 'in']);
  const list = listOf('$reduce', evaluate(input, scope));
  if (list === null) return null;
  return list.reduce(
    (value, one) => evaluate(inside, withVariable(withVariable(scope, 'value', value), 'this', one)),
    evaluate(initialValue, scope),
  );
};

const concatArrays: Operator = (operand, scope, evaluate) => {
  const lists = operandsOf(operand).map((one) => listOf('$concatArrays', evaluate(one, scope)));
  return lists.some((list) => list === null) ? null : lists.flatMap((list) => list ?? []);
};

const slice: Operator = (operand, scope, evaluate) => {
  const [input, count, more] = operandsOf(operand).map((one) => evaluate(one, scope));
  const list = listOf('$slice', input);
  if (list === null) return null;
  if (typeof count !== 'number' || more !== undefined) throw unknownTo('$slice of that form');
  return count >= 0 ? list.slice(0, count) : list.slice(count);
};

const range: Operator = (operand, scope, evaluate) => {
  const [from, to, step] = operandsOf(operand).map((one) => evaluate(one, scope));
  if (typeof from !== 'number' || typeof to !== 'number' || step !== undefined)
    throw unknownTo('$range of that form');
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
};

const arrayElemAt: Operator = (operand, scope, evaluate) => {
  const [input, index] = operandsOf(operand).map((one) => evaluate(one, scope));
  const list = listOf('$arrayElemAt', input);
  if (list === null || index === null || index === undefined) return null;
  return typeof index === 'number' ? list.at(index) : null;
};

const isIn: Operator = (operand, scope, evaluate) => {
  const [value, input] = operandsOf(operand).map((one) => evaluate(one, scope));
  const list = listOf('$in', input);
  if (list === null) throw unknownTo('$in without an array');
  return list.some((one) => same(one, value));
};

function sizeOf(value: Value): Value {
  if (!isList(value)) throw unknownTo(`$size of ${JSON.stringify(value)}`);
  return value.length;
}

/** Operators over arrays. */
export const LIST_OPERATORS: Readonly<Record<string, Operator>> = {
  $map: map,
  $filter: filter,
  $reduce: reduce,
  $concatArrays: concatArrays,
  $slice: slice,
  $range: range,
  $arrayElemAt: arrayElemAt,
  $in: isIn,
  $size: unary(sizeOf),
  $last: unary((value) => listOf('$last', value)?.at(-1) ?? (isList(value) ? undefined : null)),
  $first: unary((value) => listOf('$first', value)?.at(0) ?? (isList(value) ? undefined : null)),
};
