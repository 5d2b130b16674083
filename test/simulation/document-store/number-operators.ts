import { type Operator, operandsOf, spread, unary } from './operands.ts';
import { compare, unknownTo, type Value } from './values.ts';

const comparison =
  (holds: (order: number) => boolean): Operator =>
  (operand, scope, evaluate) => {
    const [a, b] = operandsOf(operand);
    return holds(compare(evaluate(a, scope), evaluate(b, scope)));
  };

/** Null or missing as one operand gives null. */
const arithmetic =
  (name: string, compute: (numbers: readonly number[]) => number): Operator =>
  (operand, scope, evaluate) => {
    const numbers: number[] = [];
    let isNull = false;
    for (const one of operandsOf(operand)) {
      const value = evaluate(one, scope);
      if (value === null || value === undefined) isNull = true;
      else if (typeof value === 'number') numbers.push(value);
      else throw unknownTo(`${name} of ${JSON.stringify(value)}`);
    }
    return isNull ? null : compute(numbers);
  };

const extreme =
  (sign: 1 | -1): Operator =>
  (operand, scope, evaluate) => {
    let best: Value = null;
    for (const value of spread(operand, scope, evaluate))
      if (value !== null && value !== undefined && (best === null || sign * compare(value, best) > 0))
        best = value;
    return best;
  };

function roundedBy(name: string, round: (value: number) => number): Operator {
  return arithmetic(name, ([value = 0]) => round(value));
}

/** What `$toLong` is used for here: the number in a moment. */
function toLong(value: Value): Value {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.getTime();
  if (typeof value === 'number') return Math.trunc(value);
  throw unknownTo(`$toLong of ${JSON.stringify(value)}`);
}

/** The sum of the numbers among the operands; others are passed over. */
const sum: Operator = (operand, scope, evaluate) =>
  spread(operand, scope, evaluate).reduce<number>(
    (total, value) => total + (typeof value === 'number' ? value : 0),
    0,
  );

/** Comparisons and arithmetic. */
export const NUMBER_OPERATORS: Readonly<Record<string, Operator>> = {
  $eq: comparison((order) => order === 0),
  $ne: comparison((order) => order !== 0),
  $gt: comparison((order) => order > 0),
  $gte: comparison((order) => order >= 0),
  $lt: comparison((order) => order < 0),
  $lte: comparison((order) => order <= 0),
  $add: arithmetic('$add', (numbers) => numbers.reduce((a, b) => a + b, 0)),
  $subtract: arithmetic('$subtract', ([a = 0, b = 0]) => a - b),
  $multiply: arithmetic('$multiply', (numbers) => numbers.reduce((a, b) => a * b, 1)),
  $divide: arithmetic('$divide', ([a = 0, b = 1]) => a / b),
  $floor: roundedBy('$floor', Math.floor),
  $ceil: roundedBy('$ceil', Math.ceil),
  $toLong: unary(toLong),
  $max: extreme(1),
  $min: extreme(-1),
  $sum: sum,
};
