/** A MongoDB aggregation expression, as plain data. */
export type Expression =
  | string
  | number
  | boolean
  | null
  | readonly Expression[]
  | { readonly [name: string]: Expression };

/*
 * Short names for the operators that the update pipelines are made of. A pipeline is sent, parsed and optimised with
 * every command, so what is known when it is built is folded here.
 */

export const cond = (test: Expression, then: Expression, otherwise: Expression): Expression =>
  typeof test === 'boolean' ? (test ? then : otherwise) : { $cond: [test, then, otherwise] };

export const gt = (a: Expression, b: Expression): Expression => ({ $gt: [a, b] });
export const gte = (a: Expression, b: Expression): Expression => ({ $gte: [a, b] });
export const lt = (a: Expression, b: Expression): Expression => ({ $lt: [a, b] });
export const lte = (a: Expression, b: Expression): Expression => ({ $lte: [a, b] });
export const eq = (a: Expression, b: Expression): Expression => ({ $eq: [a, b] });
export const ne = (a: Expression, b: Expression): Expression => ({ $ne: [a, b] });

/** Null or a missing field as one term makes the sum null. */
export const add = (...terms: readonly Expression[]): Expression => ({ $add: terms });
export const subtract = (a: Expression, b: Expression): Expression => ({ $subtract: [a, b] });
export const size = (array: Expression): Expression => ({ $size: array });
export const ifNull = (value: Expression, otherwise: Expression): Expression => ({
  $ifNull: [value, otherwise],
});

export const and = (...tests: readonly Expression[]): Expression => {
  const open = tests.filter((test) => test !== true);
  return open.includes(false)
    ? false
    : open.length === 0
      ? true
      : open.length === 1
        ? one(open)
        : { $and: open };
};

export const or = (...tests: readonly Expression[]): Expression => {
  const open = tests.filter((test) => test !== false);
  return open.includes(true)
    ? true
    : open.length === 0
      ? false
      : open.length === 1
        ? one(open)
        : { $or: open };
};

/** The greatest (least) of several values, or of one array; null and missing ones are passed over. */
export const max = (...values: readonly Expression[]): Expression => ({ $max: values });
export const min = (...values: readonly Expression[]): Expression => ({ $min: values });

/** The value of the first case whose test holds. */
export const choose = (
  cases: readonly (readonly [test: Expression, value: Expression])[],
  otherwise: Expression,
): Expression => cases.reduceRight((rest, [test, value]) => cond(test, value, rest), otherwise);

/** Binds names for `inside`; the bound expressions do not see each other. */
export const bind = (vars: Readonly<Record<string, Expression>>, inside: Expression): Expression =>
  Object.keys(vars).length === 0 ? inside : { $let: { vars, in: inside } };

/** Each element is `$$this` inside. */
export const map = (input: Expression, inside: Expression): Expression => ({ $map: { input, in: inside } });
export const filter = (input: Expression, test: Expression): Expression => ({
  $filter: { input, cond: test },
});

export const literal = (value: Expression): Expression => ({ $literal: value });

/** True for a field that is there and not null: in BSON order a missing value is less than null. */
export const isSet = (value: Expression): Expression => gt(value, null);

function one(values: readonly Expression[]): Expression {
  return values[0] ?? null;
}
