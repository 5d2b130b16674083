import { evaluate } from './expressions.ts';
import { namesIn, withValueAt } from './paths.ts';
import { type Fields, isFields, isList, type Row, unknownTo, type Value } from './values.ts';

interface Tree extends Map<string, Tree | true> {}

/** The row with the named and computed fields and its id only, or without those set to 0. `now`: when it was asked. */
export function project(row: Row, projection: object | undefined, now: Date): Fields {
  const computed = Object.entries(projection ?? {}).filter(([, field]) => isFields(field));
  const wanted = Object.entries(projection ?? {}).filter(([, field]) => !isFields(field));
  const scope = { root: row, now, variables: null };
  return computed.reduce(
    (shown, [path, field]) => withValueAt(shown, namesIn(path), evaluate(field, scope)),
    projected(row, wanted, projection),
  );
}

function projected(
  row: Row,
  wanted: readonly (readonly [name: string, flag: unknown])[],
  projection: object | undefined,
): Fields {
  if (wanted.length === 0) return row;
  const leaves = wanted.every(([, flag]) => flag === 0 || flag === false);
  const keeps = wanted.every(([name, flag]) => flag === 1 || flag === true || (name === '_id' && flag === 0));
  if (!leaves && !keeps) throw unknownTo(`the projection ${JSON.stringify(projection)}`);
  const tree: Tree = new Map();
  for (const [path, flag] of wanted) if (keeps === Boolean(flag)) plant(tree, namesIn(path), 0);
  if (leaves) return without(row, tree);
  const id = wanted.some(([name, flag]) => name === '_id' && flag === 0) ? {} : { _id: row._id };
  return { ...id, ...only(row, tree) };
}

function plant(tree: Tree, names: readonly string[], from: number): void {
  const name = names[from] ?? '';
  if (from === names.length - 1) {
    tree.set(name, true);
    return;
  }
  const below = tree.get(name);
  if (below === true) return;
  const branch: Tree = below ?? new Map();
  tree.set(name, branch);
  plant(branch, names, from + 1);
}

function only(fields: Fields, tree: Tree): Fields {
  const kept: Record<string, Value> = {};
  for (const [name, branch] of tree) {
    const value = fields[name];
    if (value === undefined) continue;
    if (branch === true) kept[name] = value;
    else if (isFields(value)) kept[name] = only(value, branch);
    else if (isList(value)) kept[name] = value.filter(isFields).map((one) => only(one, branch));
  }
  return kept;
}

function without(fields: Fields, tree: Tree): Fields {
  const kept: Record<string, Value> = {};
  for (const name in fields) {
    const branch = tree.get(name);
    if (branch === undefined) kept[name] = fields[name];
    else if (branch !== true) throw unknownTo('a projection that leaves out fields of fields');
  }
  return kept;
}
