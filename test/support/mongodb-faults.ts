import { MongoClient } from 'mongodb';
import { v7 as uuid } from 'uuid';
import { openMongoStore } from '../../src/store/mongodb/open.ts';
import type { Store, StoreOptions } from '../../src/store/port.ts';
import { type Mongod, startMongod } from './mongod.ts';
import { systemClock } from './test-clock.ts';

/** What a command meets, in the terms of the server's `failCommand` fail point. */
export interface Fault {
  readonly failCommands: readonly string[];
  /** A collection of the test's database. */
  readonly collection: string;
  /** The store whose commands meet it. */
  readonly appName: string;
  readonly blockConnection?: true;
  readonly blockTimeMS?: number;
  readonly closeConnection?: true;
  /** The command fails with this code, without a label that says to try again. */
  readonly errorCode?: number;
  /** The command is carried out and then reported as not confirmed. */
  readonly writeConcernError?: { readonly code: number; readonly errmsg: string };
}

export interface FaultyDatabase {
  /** Opens a store that goes by a name of its own. */
  readonly open: (appName: string, overrides?: Partial<StoreOptions>) => Promise<Store>;
  /** Lets the next `times` such commands meet the fault, or all until `heal`. */
  readonly inject: (fault: Fault, times?: number) => Promise<void>;
  readonly heal: () => Promise<void>;
  /** A client of the test's own, which meets no fault. */
  readonly client: MongoClient;
  readonly databaseName: string;
  readonly close: () => Promise<void>;
}

/** Commands give up after so long, unless a test that makes none of them late leaves them more. */
const COMMAND_TIMEOUT_MS = 400;
let server: Promise<Mongod> | undefined;

/** A fresh database on a real server that takes fail points; the server ends with this process. */
export async function faultyDatabase(commandTimeoutMs = COMMAND_TIMEOUT_MS): Promise<FaultyDatabase> {
  server ??= startMongod({ parameters: { enableTestCommands: 1 } });
  const mongod = await server;
  const databaseName = `keypool_${uuid().slice(-12)}`;
  const uri = mongod.databaseUri(databaseName);
  const client = await MongoClient.connect(uri);
  const opened: Store[] = [];
  const setFault = (mode: unknown, data?: unknown) =>
    client.db('admin').command({ configureFailPoint: 'failCommand', mode, ...(data ? { data } : {}) });
  const heal = async () => {
    await setFault('off');
  };
  return {
    open: async (appName, overrides = {}) => {
      const url = `${uri}&appName=${appName}&socketTimeoutMS=${commandTimeoutMs}`;
      const options = { clock: systemClock, newId: uuid, warn: () => {}, ...overrides };
      const store = await openMongoStore(url, options);
      opened.push(store);
      return store;
    },
    inject: async ({ collection, ...fault }, times) => {
      const data = { ...fault, namespace: `${databaseName}.${collection}` };
      await setFault(times === undefined ? 'alwaysOn' : { times }, data);
    },
    heal,
    client,
    databaseName,
    close: async () => {
      await heal();
      await Promise.all(opened.map((store) => store.close()));
      await client.db(databaseName).dropDatabase();
      await client.close();
    },
  };
}
