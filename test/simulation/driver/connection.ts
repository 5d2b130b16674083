import type { ClientSession, Collection, Db, Document, MongoClient } from 'mongodb';
import type { Connection } from '../../../src/store/mongodb/connection.ts';
import type { Draft } from '../document-store/draft.ts';
import { unknownTo } from '../document-store/values.ts';
import type { Link } from '../link.ts';
import type { VirtualTime } from '../virtual-time.ts';
import { createCollection } from './collection.ts';
import { DUPLICATE_KEY, valueIn, type WriteCounts } from './errors.ts';
import { createSession } from './session.ts';
import { insert, type Observe, rowOf } from './statements.ts';
import { knownOptions, strict } from './strict.ts';

/** The driver's client and database over a simulated link. */
export function createConnection(name: string, link: Link, time: VirtualTime, observe: Observe): Connection {
  const collections = new Map<string, Collection>();
  const command = async (asked: Document) => {
    if ('insert' in asked) return insertRaw(asked, link, observe);
    if (!('hello' in asked) && !('ping' in asked))
      throw unknownTo(`the command ${Object.keys(asked).join(', ')}`);
    const run = (_rows: unknown, now: Date) => ({ ok: 1, localTime: now });
    const combine = ([value]: readonly unknown[]) => value;
    return valueIn(await link.send({ name: 'hello', kind: 'read', steps: [run], combine }));
  };
  const db: Db = strict(
    'db',
    Object.assign(Object.create(null), {
      databaseName: 'simulated',
      collection: (table: string) => {
        const collection = collections.get(table) ?? createCollection(table, link, observe);
        collections.set(table, collection);
        return collection;
      },
      command,
      // Nothing that the simulation looks at rests on change streams.
      watch: () => {
        const answers = [null];
        const listeners: (() => void)[] = [];
        const tryNext = async () => {
          for (const tell of listeners.splice(0)) tell();
          return answers.length > 0 ? answers.pop() : new Promise(() => {});
        };
        const once = (_begun: 'resumeTokenChanged', tell: () => void) => listeners.push(tell);
        return { tryNext, once, close: async () => {} };
      },
    }),
  );
  let sessions = 0;
  const client: MongoClient = strict(
    'client',
    Object.assign(Object.create(null), {
      db: () => db,
      withSession: <T>(work: (session: ClientSession) => Promise<T>) => {
        sessions += 1;
        return work(createSession(`${name}-${sessions}`, link, time));
      },
      close: async () => {},
    }),
  );
  return {
    client,
    db,
    detail: 'simulated',
    isSharded: false,
    primary: { election: link.election, onNew: () => {} },
    patiently: (work) => work(db),
    close: () => client.close(),
  };
}

/** An insert as a command of its own, with its raw answer. */
async function insertRaw(asked: Document, link: Link, observe: Observe) {
  const { insert: table, documents, ...options } = asked;
  const known = ['ordered', 'maxTimeMS', 'writeConcern'];
  const { ordered, maxTimeMS, writeConcern } = knownOptions('insert', options, known);
  if (ordered !== false) throw unknownTo('an insert in order');
  // A command has no other than its own.
  if (writeConcern?.w !== 'majority' || writeConcern.j !== true)
    throw unknownTo('an insert that may be lost');
  const sent = (documents as readonly Document[]).map(rowOf);
  const name = `${table}.insert(${sent.length})`;
  const step = (rows: Draft, now: Date) => insert({ table, rows, now, observe }, sent, false);
  const combine = ([value]: readonly unknown[]) => value;
  const answer = await link.send({ name, kind: 'write', maxTimeMs: maxTimeMS, steps: [step], combine });
  const { inserted, refused } = valueIn(answer) as WriteCounts;
  const election = answer.kind === 'done' ? answer.election : undefined;
  const writeErrors = refused.map(({ index }) => ({ index, code: DUPLICATE_KEY }));
  return {
    ok: 1,
    n: inserted,
    electionId: { toHexString: () => election },
    ...(writeErrors.length === 0 ? {} : { writeErrors }),
  };
}
