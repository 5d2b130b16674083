import { evaluate, operatorOf, type Scope } from './expressions.ts';
import { indexIn, namesIn, valueAt, withValueAt } from './paths.ts';
import {
  compare,
  copyOf,
  type Fields,
  isFields,
  isList,
  type Row,
  same,
  unknownTo,
  type Value,
} from './values.ts';

/** The row after an update with operators or with a pipeline. */
export function updated(row: Row, update: unknown, now: Date): Row {
  if (Array.isArray(update))
    return update.reduce((before: Row, stage) => afterStage(before, stage, now), row);
  if (!isFields(update)) throw unknownTo('an update that is neither operators nor a pipeline');
  let after = row;
  for (const [operator, fields] of Object.entries(update)) {
    const change = CHANGES[operator];
    if (change === undefined) throw unknownTo(`${operator} in an update`);
    if (!isFields(fields)) throw unknownTo(`${operator} without fields`);
    for (const [path, operand] of Object.entries(fields)) {
      after = changedAt(after, namesIn(path), (was) => change(was, operand));
    }
  }
  return after;
}

/** The row with what stands at a path changed: a number leads to that element of an array, which must be there. */
function changedAt<T extends Fields>(row: T, names: readonly string[], change: (was: Value) => Value): T {
  const at = names.findIndex((_, i) => isList(valueAt(row, names.slice(0, i))));
  if (at < 0) return withValueAt(row, names, change(valueAt(row, names)));
  const [outer, inner] = [names.slice(0, at), names.slice(at + 1)];
  const list = valueAt(row, outer);
  const index = indexIn(names[at] ?? '');
  const element = isList(list) && index !== null ? list[index] : undefined;
  if (!isList(list) || index === null || !isFields(element) || inner.length === 0)
    throw unknownTo(`a change through an array at ${names.join('.')}`);
  return withValueAt(row, outer, list.with(index, changedAt(element, inner, change)));
}

type Change = (was: Value, operand: Value) => Value;

const CHANGES: Readonly<Record<string, Change>> = {
  $set: (_was, operand) => copyOf(operand),
  $unset: () => undefined,
  $inc: (was, operand) => {
    if (typeof operand !== 'number' || (was !== undefined && typeof was !== 'number'))
      throw unknownTo('$inc of what is no number');
    return (was ?? 0) + operand;
  },
  $max: (was, operand) => (was === undefined || compare(operand, was) > 0 ? copyOf(operand) : was),
  $min: (was, operand) => (was === undefined || compare(operand, was) < 0 ? copyOf(operand) : was),
  $addToSet: (was, operand) => {
    const list = listFor('$addToSet', was);
    const fresh = eachOf(operand).filter((one, i, all) => all.findIndex((other) => same(other, one)) === i);
    return [...list, ...fresh.filter((one) => !list.some((other) => same(other, one)))];
  },
  $push: (was, operand) => {
    if (!isFields(operand) || !('$position' in operand))
      return [...listFor('$push', was), ...eachOf(operand)];
    const { $position: position, $slice: most, ...each } = operand;
    if (position !== 0 || typeof most !== 'number' || most < 1) throw unknownTo('$push of that form');
    return [...eachOf(each), ...listFor('$push', was)].slice(0, most);
  },
  $pull: (was, operand) => {
    if (isFields(operand)) throw unknownTo('$pull by a condition');
    return was === undefined ? undefined : listFor('$pull', was).filter((one) => !same(one, operand));
  },
};

function listFor(operator: string, was: Value): readonly Value[] {
  if (was === undefined) return [];
  if (!isList(was)) throw unknownTo(`${operator} into what is no array`);
  return was;
}

function eachOf(operand: Value): readonly Value[] {
  if (!isFields(operand) || !('$each' in operand)) return [copyOf(operand)];
  const { $each: each, ...more } = operand;
  if (!isList(each) || Object.keys(more).length > 0) throw unknownTo('$each of that form');
  return each.map(copyOf);
}

/** The row after one stage of a pipeline; also used by aggregations. */
export function afterStage(row: Row, stage: unknown, now: Date): Row {
  if (!isFields(stage)) throw unknownTo('a stage that is no object');
  const scope: Scope = { root: row, now, variables: null };
  let after: Row = row;
  for (const [name, fields] of Object.entries(stage)) {
    if (name === '$set' || name === '$addFields') {
      if (!isFields(fields)) throw unknownTo(`${name} without fields`);
      after = withFields(after, fields, scope);
    } else if (name === '$unset') {
      for (const path of isList(fields) ? fields : [fields])
        after = withValueAt(after, namesIn(String(path)), undefined);
    } else throw unknownTo(`the stage ${name}`);
  }
  return after;
}

function withFields(row: Row, fields: Fields, scope: Scope): Row {
  const changed = new Map<string, Value>();
  for (const path in fields) {
    const names = namesIn(path);
    const [top = ''] = names;
    const was = changed.has(top) ? changed.get(top) : row[top];
    changed.set(top, placed(was, names, 1, fields[path], scope));
  }
  const after: Record<string, Value> & { _id: string } = { _id: row._id };
  for (const name in row) {
    const value = changed.has(name) ? changed.get(name) : row[name];
    if (value !== undefined && name !== '_id') after[name] = value;
  }
  for (const [name, value] of changed) if (value !== undefined) after[name] = value;
  return after;
}

/** `was` with the value of an expression at what is left of a path. */
function placed(was: Value, names: readonly string[], from: number, expression: Value, scope: Scope): Value {
  if (from === names.length) return replaced(was, expression, scope);
  if (isList(was)) throw unknownTo(`a change through an array at ${names.join('.')}`);
  const inner: Fields = isFields(was) ? was : {};
  const name = names[from] ?? '';
  const value = placed(inner[name], names, from + 1, expression, scope);
  return value === undefined && !isFields(was) ? was : withField(inner, name, value);
}

/** An object without an operator names fields to be set one by one, next to those that are there. */
function replaced(was: Value, expression: Value, scope: Scope): Value {
  if (!isFields(expression) || operatorOf(expression) !== null) return evaluate(expression, scope);
  let after: Fields = isFields(was) ? was : {};
  for (const path in expression) {
    const names = namesIn(path);
    const [top = ''] = names;
    after = withField(after, top, placed(after[top], names, 1, expression[path], scope));
  }
  return after;
}

function withField(fields: Fields, name: string, value: Value): Fields {
  if (value !== undefined) return fields[name] === value ? fields : { ...fields, [name]: value };
  if (!(name in fields)) return fields;
  const { [name]: _gone, ...rest } = fields;
  return rest;
}
