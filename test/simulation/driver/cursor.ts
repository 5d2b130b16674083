import type { Document } from 'mongodb';
import { namesIn, valueAt } from '../document-store/paths.ts';
import { project } from '../document-store/projections.ts';
import { afterStage } from '../document-store/updates.ts';
import { compare, type Fields, isFields, type Row, unknownTo } from '../document-store/values.ts';
import type { Channel, Options } from './channel.ts';
import { rowsMatching } from './statements.ts';

/** As much of the driver's cursors as is known here. */
interface Cursor extends AsyncIterable<Fields> {
  readonly project: (fields: Document) => Cursor;
  readonly sort: (fields: Document) => Cursor;
  readonly limit: (count: number) => Cursor;
  readonly hint: () => Cursor;
  readonly batchSize: () => Cursor;
  readonly toArray: () => Promise<readonly Fields[]>;
  readonly next: () => Promise<Fields | null>;
  readonly close: () => Promise<void>;
}

/** The cursor of a find, or of an aggregation when there are stages; it is read in one go. */
export function createCursor(
  channel: Channel,
  filter: object,
  options: Options,
  stages: readonly Document[] | null = null,
): Cursor {
  let projection = options.projection;
  let order: readonly (readonly [string, unknown])[] = [];
  let most = Infinity;
  const name = stages === null ? 'find' : 'aggregate';

  const readAll = () =>
    channel.read(name, options, (target) => {
      if (stages !== null) {
        return stages.reduce<Row[]>((found, stage, i) => {
          if ('$match' in stage)
            return i === 0 ? rowsMatching(target, stage.$match) : refuse('a later $match');
          return found.map((row) => afterStage(row, stage, target.now));
        }, []);
      }
      const found = rowsMatching(target, filter);
      if (order.length > 0) found.sort((a, b) => inOrder(a, b, order));
      return found.slice(0, most).map((row): Fields => project(row, projection, target.now));
    });

  const cursor: Cursor = {
    project: (fields: Document) => {
      projection = fields;
      return cursor;
    },
    sort: (fields: Document) => {
      order = Object.entries(fields);
      return cursor;
    },
    limit: (count: number) => {
      most = count === 0 ? Infinity : count;
      return cursor;
    },
    hint: () => cursor,
    batchSize: () => cursor,
    toArray: readAll,
    next: async () => (await readAll())[0] ?? null,
    close: async () => {},
    [Symbol.asyncIterator]: async function* () {
      yield* await readAll();
    },
  };
  return cursor;
}

function refuse(what: string): never {
  throw unknownTo(what);
}

function inOrder(a: Row, b: Row, order: readonly (readonly [string, unknown])[]): number {
  for (const [path, direction] of order) {
    if (direction !== 1 && direction !== -1) throw unknownTo(`the sort ${String(direction)}`);
    const names = namesIn(path);
    const [left, right] = [valueAt(a, names), valueAt(b, names)];
    if (isFields(left) || Array.isArray(left)) throw unknownTo(`a sort by what ${path} holds`);
    const difference = direction * compare(left ?? null, right ?? null);
    if (difference !== 0) return difference;
  }
  return 0;
}
