import type { Collection, Document } from 'mongodb';
import { project } from '../document-store/projections.ts';
import type { Link } from '../link.ts';
import { type Channel, createChannel, type Options } from './channel.ts';
import { createCursor } from './cursor.ts';
import { duplicateKey } from './errors.ts';
import {
  change,
  insert,
  type Observe,
  remove,
  rowOf,
  rowsMatching,
  statement,
  updateRow,
} from './statements.ts';
import { knownOptions, strict } from './strict.ts';

/** A collection of the simulated store behind the driver's interface, as far as it is known here. */
export function createCollection<T extends Document>(
  table: string,
  link: Link,
  observe: Observe,
): Collection<T> {
  const channel = createChannel(table, link, observe);
  const known: Collection<T> = Object.assign(
    Object.create(null),
    readsOf(channel),
    singleWritesOf(channel),
    manyWritesOf(channel),
    { collectionName: table },
  );
  return strict(`collection.${table}`, known);
}

const READ_OPTIONS = ['session', 'projection', 'readConcern', 'hint', 'batchSize', 'maxTimeMS'];

function readsOf(channel: Channel) {
  return {
    find: (filter: object = {}, options?: Options) =>
      createCursor(channel, filter, knownOptions('find', options, READ_OPTIONS)),
    findOne: async (filter: object, options?: Options) => {
      const given = knownOptions('findOne', options, READ_OPTIONS);
      return channel.read('findOne', given, (target) => {
        const [found] = rowsMatching(target, filter);
        return found === undefined ? null : project(found, given.projection, target.now);
      });
    },
    countDocuments: (filter: object = {}, options?: Options) => {
      const given = knownOptions('countDocuments', options, ['session', 'limit', 'hint']);
      return channel.read('countDocuments', given, (target) =>
        Math.min(rowsMatching(target, filter).length, given.limit ?? Infinity),
      );
    },
    aggregate: (stages: readonly Document[], options?: Options) =>
      createCursor(channel, {}, knownOptions('aggregate', options, READ_OPTIONS), stages),
  };
}

function singleWritesOf({ write }: Channel) {
  return {
    findOneAndUpdate: (filter: object, update: unknown, options?: Options) => {
      const known = ['session', 'returnDocument', 'projection', 'hint', 'maxTimeMS', 'writeConcern'];
      const given = knownOptions('findOneAndUpdate', options, known);
      return write('findOneAndUpdate', given, (target) => {
        const [before] = rowsMatching(target, filter);
        if (before === undefined) return null;
        const after = updateRow(target, filter, update, before);
        return project(given.returnDocument === 'after' ? after : before, given.projection, target.now);
      });
    },
    findOneAndDelete: (filter: object, options?: Options) =>
      write('findOneAndDelete', knownOptions('findOneAndDelete', options, ['session']), (target) => {
        const [before] = rowsMatching(target, filter);
        if (before !== undefined) target.rows.remove(target.table, before._id);
        return before ?? null;
      }),
    insertOne: async (document: Document, options?: Options) => {
      const sent = rowOf(document);
      const given = knownOptions('insertOne', options, ['session', 'maxTimeMS']);
      const { refused } = await write('insertOne', given, (target) => insert(target, [sent], true));
      if (refused[0] !== undefined) throw duplicateKey(refused[0]);
      return { acknowledged: true, insertedId: sent._id };
    },
  };
}

function manyWritesOf({ write, bulk }: Channel) {
  const changeRows =
    (name: string, most: number) => async (filter: object, update: unknown, options?: Options) => {
      const given = knownOptions(name, options, ['session', 'hint', 'maxTimeMS']);
      const counts = await write(name, given, (target) => change(target, filter, update, most));
      return { acknowledged: true, matchedCount: counts.matched, modifiedCount: counts.modified };
    };
  const removeRows = (name: string, most: number) => async (filter: object, options?: Options) => {
    const given = knownOptions(name, options, ['session', 'hint', 'maxTimeMS']);
    const counts = await write(name, given, (target) => remove(target, filter, most));
    return { acknowledged: true, deletedCount: counts.deleted };
  };
  return {
    updateOne: changeRows('updateOne', 1),
    updateMany: changeRows('updateMany', Infinity),
    deleteOne: removeRows('deleteOne', 1),
    deleteMany: removeRows('deleteMany', Infinity),
    insertMany: async (documents: readonly Document[], options?: Options) => {
      const given = knownOptions('insertMany', options, ['session', 'ordered', 'maxTimeMS']);
      const sent = documents.map(rowOf);
      const counts = await bulk(`insertMany(${documents.length})`, given, [
        (target) => insert(target, sent, given.ordered !== false),
      ]);
      return { acknowledged: true, insertedCount: counts.inserted, insertedIds: {} };
    },
    bulkWrite: async (operations: readonly Document[], options?: Options) => {
      const given = knownOptions('bulkWrite', options, ['session', 'ordered', 'maxTimeMS', 'writeConcern']);
      const counts = await bulk(
        `bulkWrite(${operations.length})`,
        given,
        operations.map((one) => (target) => statement(target, one)),
      );
      return { matchedCount: counts.matched, modifiedCount: counts.modified };
    },
  };
}
