import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { awaitPrimary, awaitSettled, initiate, withClient } from './mongod-election.ts';
import { type MongodData, mongodFolder } from './mongod-folder.ts';
import { type MongodNode, startNode } from './mongod-node.ts';

export type { MongodNode };

const REPLICA_SET = 'keypool';
const ELECTION_TIMEOUT_MS = 2_000;
const DROP_SELECTION_MS = 10_000;

export type MongodOptions = {
  readonly nodes?: 1 | 3;
  /** How long the set does without its primary before it elects another one. */
  readonly electionTimeoutMillis?: number;
  /** Server parameters, as `{enableTestCommands: 1}` for fail points. */
  readonly parameters?: Readonly<Record<string, string | number>>;
  /** In memory unless named: what is measured is measured on a disk. */
  readonly data?: MongodData;
};

export type Mongod = {
  /** Connects to every node, with no database named. */
  readonly uri: string;
  /** The same with a database in its path. */
  readonly databaseUri: (database: string) => string;
  readonly nodes: readonly MongodNode[];
  /** Waits until one node takes writes and returns it. */
  readonly primary: () => Promise<MongodNode>;
  /** Waits until one node takes writes and every other one follows it. */
  readonly settled: () => Promise<void>;
  /** Ends all nodes and removes their data. */
  readonly stop: () => Promise<void>;
};

export type DatabaseLease = {
  readonly databaseName: string;
  /** Names the database in its path. */
  readonly uri: string;
  readonly drop: () => Promise<void>;
};

/**
 * Starts a replica set of fresh mongods on 127.0.0.1 and resolves when it has a primary and its other nodes
 * follow. It ends with `stop`, or with this process.
 */
export async function startMongod(options: MongodOptions = {}): Promise<Mongod> {
  const mongod = await startNodes(options, REPLICA_SET);
  try {
    await initiate(mongod.nodes, REPLICA_SET, options.electionTimeoutMillis ?? ELECTION_TIMEOUT_MS);
    return mongod;
  } catch (error) {
    await mongod.stop();
    throw error;
  }
}

/** Starts one mongod that is in no replica set: what Keypool refuses. */
export function startStandaloneMongod(): Promise<Mongod> {
  return startNodes({}, undefined);
}

/** Where databases can be had, and how many were; it is stopped when nobody uses it any more. */
type SharedServer = Pick<Mongod, 'databaseUri' | 'stop'>;
type Sharing = { readonly server: Promise<SharedServer>; leased: number; inUse: number };

/** A server holds the files of databases that were dropped open, so a process has it for so many. */
const DATABASES_MAX = 90;
const OF_ALL_FILES = 'KEYPOOL_TEST_MONGOD';
let shared: Sharing | undefined;

function serverOfAllFiles(uri: string): SharedServer {
  const databaseUri = (database: string) => Object.assign(new URL(uri), { pathname: database }).href;
  // Others use it too.
  return { databaseUri, stop: async () => {} };
}

/** Starts a mongod for all processes that this one starts, which then have their databases there. */
export async function startForAllFiles(): Promise<Mongod> {
  const mongod = await startMongod();
  process.env[OF_ALL_FILES] = mongod.uri;
  return mongod;
}

/**
 * A database of the caller's own, on the mongod of all files where there is one, else on one that others of this process
 * use too, and that ends with it at the latest.
 */
export async function sharedMongod(): Promise<DatabaseLease> {
  const ofAllFiles = process.env[OF_ALL_FILES];
  if (shared === undefined && ofAllFiles !== undefined)
    shared = { server: Promise.resolve(serverOfAllFiles(ofAllFiles)), leased: 0, inUse: 0 };
  else if (shared === undefined || shared.leased === DATABASES_MAX)
    shared = { server: startMongod(), leased: 0, inUse: 0 };
  const sharing = shared;
  sharing.leased += 1;
  sharing.inUse += 1;
  const { databaseUri, stop } = await sharing.server;
  const databaseName = `keypool_${randomBytes(6).toString('hex')}`;
  const uri = databaseUri(databaseName);
  const drop = async () => {
    await withClient(uri, DROP_SELECTION_MS, async (client) => {
      await client.db(databaseName).dropDatabase();
    });
    sharing.inUse -= 1;
    if (sharing !== shared && sharing.inUse === 0) await stop();
  };
  return { databaseName, uri, drop };
}

async function startNodes(
  { nodes: count = 1, parameters = {}, data = 'memory' }: MongodOptions,
  replicaSet: string | undefined,
): Promise<Mongod> {
  const rootFolder = await mongodFolder(data);
  const starts = Array.from({ length: count }, (_, index) =>
    startNode({ rootFolder, index, parameters, replicaSet }),
  );
  const started = await Promise.allSettled(starts);
  const nodes = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.kill()));
    await rm(rootFolder, { recursive: true, force: true, maxRetries: 3 });
  };
  const failed = started.find((result) => result.status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }
  const hosts = nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
  const query = replicaSet ? `?replicaSet=${replicaSet}` : '';
  const databaseUri = (database: string) => `mongodb://${hosts}/${database}${query}`;
  return {
    uri: databaseUri(''),
    databaseUri,
    nodes,
    primary: () => awaitPrimary(nodes),
    settled: () => awaitSettled(nodes),
    stop,
  };
}
