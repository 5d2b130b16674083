import { OPERATORS } from './operators.ts';
import { namesIn, valueAt } from './paths.ts';
import { isFields, type Row, unknownTo, type Value } from './values.ts';

/** What an expression may refer to. */
export interface Scope {
  readonly root: Row;
  /** The moment at which the command began. */
  readonly now: Date;
  readonly variables: Variable | null;
}

export interface Variable {
  readonly name: string;
  readonly value: Value;
  readonly outer: Variable | null;
}

/** An aggregation expression as it was sent. */
export type Expression = unknown;

/** Computes an expression; `undefined` is a missing value. */
export function evaluate(expression: Expression, scope: Scope): Value {
  if (typeof expression === 'string')
    return expression.startsWith('$') ? reference(expression, scope) : expression;
  if (expression === null || typeof expression === 'number' || typeof expression === 'boolean')
    return expression;
  if (expression instanceof Date) return expression;
  if (Array.isArray(expression)) return expression.map((one) => evaluate(one, scope) ?? null);
  if (!isFields(expression)) throw unknownTo(`the expression ${String(expression)}`);
  const operator = operatorOf(expression);
  if (operator === null) return literalFields(expression, scope);
  const compute = OPERATORS[operator];
  if (compute === undefined) throw unknownTo(operator);
  return compute(expression[operator], scope, evaluate);
}

/** The name of its operator, where the expression is not an object made of fields. */
export function operatorOf(expression: object): string | null {
  let operator: string | null = null;
  for (const name in expression) {
    if (operator !== null) throw unknownTo(`two operators in one object (${name})`);
    if (!name.startsWith('$')) return null;
    operator = name;
  }
  return operator;
}

function literalFields(expression: { readonly [name: string]: Value }, scope: Scope): Value {
  const fields: Record<string, Value> = {};
  for (const name in expression) {
    const value = evaluate(expression[name], scope);
    if (value !== undefined) fields[name] = value;
  }
  return fields;
}

interface Reference {
  /** Null for a field of the row. */
  readonly variable: string | null;
  readonly names: readonly string[];
}

const references = new Map<string, Reference>();
const REFERENCES_MAX = 10_000;

function parsed(text: string): Reference {
  const known = references.get(text);
  if (known !== undefined) return known;
  const names = namesIn(text.slice(text.startsWith('$$') ? 2 : 1));
  const [variable = ''] = names;
  const found = text.startsWith('$$') ? { variable, names: names.slice(1) } : { variable: null, names };
  if (references.size < REFERENCES_MAX) references.set(text, found);
  return found;
}

function reference(text: string, scope: Scope): Value {
  const { variable, names } = parsed(text);
  const from = variable === null ? scope.root : variableNamed(variable, scope);
  return names.length === 0 ? from : valueAt(from, names);
}

function variableNamed(name: string, { root, now, variables }: Scope): Value {
  for (let one = variables; one !== null; one = one.outer) if (one.name === name) return one.value;
  if (name === 'NOW') return now;
  if (name === 'ROOT' || name === 'CURRENT') return root;
  if (name === 'REMOVE') return undefined;
  throw unknownTo(`$$${name}`);
}
