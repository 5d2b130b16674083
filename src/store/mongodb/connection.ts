import { type Db, MongoClient, type MongoClientOptions, MongoError, MongoServerError } from 'mongodb';
import { StoreOpenError } from '../errors.ts';
import { followPrimary, type KnownPrimary } from './known-primary.ts';
import { createPatientClient, type PatientClient } from './patient-client.ts';

const DEFAULT_DATABASE = 'keypool';
const MAJOR_VERSION_MIN = 6;
const AUTHENTICATION_FAILED = 18;

/**
 * Times are bounded, so that a stopped database is told in seconds; the URL may set other ones. Writes are never retried
 * by the driver: a retried take would cost a second copy of its row, and every write here knows how to find out what
 * became of it.
 */
const DEFAULTS = {
  serverSelectionTimeoutMS: 2500,
  // A server that said it was going down, and did not, is asked again before callers are told.
  heartbeatFrequencyMS: 1000,
  connectTimeoutMS: 10_000,
  socketTimeoutMS: 2500,
  waitQueueTimeoutMS: 2500,
  maxPoolSize: 64,
  appName: 'keypool',
} satisfies MongoClientOptions;

/** The sum of an hour takes four connections, a summary as many; they are opened as they are needed. */
const PATIENCE: MongoClientOptions = {
  socketTimeoutMS: 0,
  waitQueueTimeoutMS: 0,
  maxPoolSize: 16,
  // One that was not used for longer may have died unheard.
  maxIdleTimeMS: 10_000,
};

export interface Connection {
  readonly client: MongoClient;
  readonly db: Db;
  /** Hosts and database, without credentials. */
  readonly detail: string;
  /** It goes through a router of a sharded cluster, which does not show elections. */
  readonly isSharded: boolean;
  readonly primary: KnownPrimary;
  /** Runs `work` over connections of its own that wait for their answers as long as it takes: an index is built. */
  readonly patiently: PatientClient['run'];
  readonly close: () => Promise<void>;
}

/** Connects to a replica set or sharded cluster. Errors: `StoreOpenError` with what to do; it never shows the URL. */
export async function connect(url: string): Promise<Connection> {
  const client = createClient(url);
  checkDurability(client);
  const primary = followPrimary(client);
  const hosts = client.options.srvHost ?? client.options.hosts.map(String).join(',');
  try {
    await client.connect();
    const isSharded = await checkServer(client, hosts);
    const db = client.db(databaseName(url));
    const patient = createPatientClient(() => createClient(url, PATIENCE), db.databaseName);
    return {
      client,
      db,
      detail: `${hosts}/${db.databaseName}`,
      isSharded,
      primary,
      patiently: patient.run,
      close: async () => {
        const patience = patient.close().catch(() => undefined);
        await client.close();
        await patience;
      },
    };
  } catch (error) {
    await client.close().catch(() => undefined);
    throw openError(error, hosts);
  }
}

function createClient(url: string, options: MongoClientOptions = {}): MongoClient {
  const given = new Set(
    [...new URLSearchParams(url.split('?')[1] ?? '').keys()].map((name) => name.toLowerCase()),
  );
  const defaults = Object.entries(DEFAULTS).filter(([name]) => !given.has(name.toLowerCase()));
  try {
    return new MongoClient(url, {
      ...Object.fromEntries(defaults),
      ...options,
      retryWrites: false,
      readPreference: 'primary',
      writeConcern: { w: 'majority', journal: true },
    });
  } catch (error) {
    throw new StoreOpenError(
      'The MongoDB URL cannot be read. It has the form mongodb://[user:password@]host:port/database?replicaSet=name, ' +
        'with special characters in user and password percent-encoded.',
      { cause: error },
    );
  }
}

/** The driver lets the URL's own options override what it is given. */
function checkDurability({ options: { writeConcern } }: MongoClient): void {
  if (writeConcern.w === 'majority' && writeConcern.journal === true && writeConcern.wtimeoutMS === undefined)
    return;
  throw new StoreOpenError(
    'The MongoDB URL weakens the durability of writes: remove its options w, journal and wtimeoutMS. Keypool writes ' +
      'to a majority, with journal.',
  );
}

/** The database in the URL's path. */
export function databaseName(url: string): string {
  const name = /^[^:]+:\/\/[^/]+\/([^?]*)/.exec(url)?.[1] ?? '';
  return name === '' ? DEFAULT_DATABASE : decodeURIComponent(name);
}

/** True for a sharded cluster. */
async function checkServer(client: MongoClient, hosts: string): Promise<boolean> {
  const admin = client.db('admin');
  const hello = await admin.command({ hello: 1 });
  if (hello.setName === undefined && hello.msg !== 'isdbgrid') throw standalone(hosts);
  const { version } = await admin.command({ buildInfo: 1 });
  if (Number.parseInt(String(version), 10) < MAJOR_VERSION_MIN)
    throw new StoreOpenError(
      `MongoDB ${version} at ${hosts} is too old: Keypool needs ${MAJOR_VERSION_MIN}.0 or newer.`,
    );
  return hello.setName === undefined;
}

function standalone(hosts: string): StoreOpenError {
  return new StoreOpenError(
    `MongoDB at ${hosts} is a standalone server, which has no transactions. Make it a replica set: start mongod with ` +
      `--replSet rs0, then run once: mongosh "mongodb://${hosts}" --eval "rs.initiate()"`,
  );
}

function openError(error: unknown, hosts: string): unknown {
  if (!(error instanceof MongoError)) return error;
  if (error instanceof MongoServerError && error.code === AUTHENTICATION_FAILED)
    return new StoreOpenError(`MongoDB at ${hosts} refused the user name or password of the URL.`, {
      cause: error,
    });
  return new StoreOpenError(
    `No usable MongoDB answers at ${hosts}: check that it runs, that it can be reached from here, and the URL's ` +
      'replicaSet and TLS options.',
    { cause: error },
  );
}
