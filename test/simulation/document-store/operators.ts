import { LIST_OPERATORS } from './list-operators.ts';
import { NUMBER_OPERATORS } from './number-operators.ts';
import {
  isTrue,
  listOf,
  type Operator,
  operandsOf,
  partsOf,
  spread,
  unary,
  withVariable,
} from './operands.ts';
import { type Fields, isFields, isList, unknownTo, type Value } from './values.ts';

const cond: Operator = (operand, scope, evaluate) => {
  if (!Array.isArray(operand)) throw unknownTo('$cond of that form');
  const [test, whenTrue, otherwise] = operand;
  return evaluate(isTrue(evaluate(test, scope)) ? whenTrue : otherwise, scope);
};

const bind: Operator = (operand, scope, evaluate) => {
  const { vars, in: inside } = partsOf('$let', operand, ['vars', 'in']);
  if (!isFields(vars)) throw unknownTo('$let without vars');
  let bound = scope;
  for (const name in vars) bound = withVariable(bound, name, evaluate(vars[name], scope));
  return evaluate(inside, bound);
};

const ifNull: Operator = (operand, scope, evaluate) => {
  const values = operandsOf(operand);
  for (const one of values) {
    const value = evaluate(one, scope);
    if (value !== null && value !== undefined) return value;
  }
  return evaluate(values.at(-1), scope);
};

const mergeObjects: Operator = (operand, scope, evaluate) => {
  let merged: Fields = {};
  for (const value of spread(operand, scope, evaluate)) {
    if (value === null || value === undefined) continue;
    if (!isFields(value)) throw unknownTo(`$mergeObjects of ${JSON.stringify(value)}`);
    merged = { ...merged, ...value };
  }
  return merged;
};

const changeField =
  (name: string): Operator =>
  (operand, scope, evaluate) => {
    const parts = partsOf(name, operand, ['field', 'input', 'value']);
    const [input, field] = [evaluate(parts.input, scope), String(evaluate(parts.field, scope))];
    if (input === null || input === undefined) return null;
    if (!isFields(input)) throw unknownTo(`${name} in ${JSON.stringify(input)}`);
    const value = name === '$unsetField' ? undefined : evaluate(parts.value, scope);
    const { [field]: _was, ...others } = input;
    return value === undefined ? others : { ...input, [field]: value };
  };

function toFields(value: Value): Value {
  const list = listOf('$arrayToObject', value);
  if (list === null) return null;
  const fields: Record<string, Value> = {};
  for (const one of list) {
    if (isFields(one) && typeof one.k === 'string') fields[one.k] = one.v ?? null;
    else if (isList(one) && typeof one[0] === 'string') fields[one[0]] = one[1] ?? null;
    else throw unknownTo(`$arrayToObject of ${JSON.stringify(one)}`);
  }
  return fields;
}

function toPairs(value: Value): Value {
  if (value === null || value === undefined) return null;
  if (!isFields(value)) throw unknownTo(`$objectToArray of ${JSON.stringify(value)}`);
  return Object.entries(value).map(([k, v]) => ({ k, v }));
}

/** The operators that Keypool's pipelines are made of, and no others. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  ...NUMBER_OPERATORS,
  ...LIST_OPERATORS,
  $literal: (operand) => operand as Value,
  $and: (operand, scope, evaluate) => operandsOf(operand).every((one) => isTrue(evaluate(one, scope))),
  $or: (operand, scope, evaluate) => operandsOf(operand).some((one) => isTrue(evaluate(one, scope))),
  $not: unary((value) => !isTrue(value)),
  $cond: cond,
  $ifNull: ifNull,
  $let: bind,
  $arrayToObject: unary(toFields),
  $objectToArray: unary(toPairs),
  $mergeObjects: mergeObjects,
  $setField: changeField('$setField'),
  $unsetField: changeField('$unsetField'),
};
