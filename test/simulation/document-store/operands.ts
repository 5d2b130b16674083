import type { Expression, Scope } from './expressions.ts';
import { type Fields, isFields, isList, unknownTo, type Value } from './values.ts';

/** Computes an operand. */
export type Evaluate = (expression: Expression, scope: Scope) => Value;

/** An operator of expressions, given its operand as it was sent. */
export type Operator = (operand: Expression, scope: Scope, evaluate: Evaluate) => Value;

/** By what the server calls true. */
export function isTrue(value: Value): boolean {
  return value !== undefined && value !== null && value !== false && value !== 0;
}

/** Its operands, as a list also when there is one. */
export function operandsOf(operand: Expression): readonly Expression[] {
  return Array.isArray(operand) ? operand : [operand];
}

/** The fields of an operator's object form, all of them known. */
export function partsOf(name: string, operand: Expression, known: readonly string[]): Fields {
  if (!isFields(operand)) throw unknownTo(`${name} of ${String(operand)}`);
  for (const part in operand) if (!known.includes(part)) throw unknownTo(`${part} of ${name}`);
  return operand;
}

/** The scope with one more variable. */
export function withVariable(scope: Scope, name: string, value: Value): Scope {
  return { ...scope, variables: { name, value, outer: scope.variables } };
}

/** The operands, or the elements of a single one that is an array. */
export function spread(operand: Expression, scope: Scope, evaluate: Evaluate): readonly Value[] {
  const operands = operandsOf(operand);
  if (operands.length !== 1) return operands.map((one) => evaluate(one, scope));
  const only = evaluate(operands[0], scope);
  return isList(only) ? only : [only];
}

/** An array, or null for null and missing. */
export function listOf(name: string, value: Value): readonly Value[] | null {
  if (value === null || value === undefined) return null;
  if (!isList(value)) throw unknownTo(`${name} of ${JSON.stringify(value)}`);
  return value;
}

/** An operator of one value. */
export const unary =
  (compute: (value: Value) => Value): Operator =>
  (operand, scope, evaluate) => {
    const operands = operandsOf(operand);
    if (operands.length !== 1) throw unknownTo(`${operands.length} operands where one is taken`);
    return compute(evaluate(operands[0], scope));
  };
