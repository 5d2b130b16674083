import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { findMongod } from './mongod-binary.ts';
import { endWithThisProcess, unref } from './reaper.ts';

/** Below the ports that systems give to outgoing connections, so that a node finds its own free on restart. */
const PORT_RANGE = { first: 20_000, count: 12_000 };
const READY_LOG_ID = 23016;
const KEPT_LOG_LINES = 30;
const CACHE_SIZE_GIB = 0.25;
const OPLOG_SIZE_MIB = 256;
/** In place of 60: a killed process leaves its transaction open, whose rows nobody can write, nor its database be dropped. */
const TRANSACTION_SECONDS_MAX = 10;

export type LaunchOptions = {
  readonly port: number;
  /** An existing folder for this node's data. */
  readonly dataFolder: string;
  /** The folder that goes when this process dies; `dataFolder` stands in it. */
  readonly rootFolder: string;
  readonly replicaSet?: string;
  /** Server parameters, as for `--setParameter`. */
  readonly parameters: Readonly<Record<string, string | number>>;
};

export type MongodProcess = {
  readonly pid: number;
  readonly signal: (name: NodeJS.Signals) => void;
  /** Resolves when the process has ended. */
  readonly exited: () => Promise<void>;
};

/** Starts one mongod with journal on 127.0.0.1 and resolves when it takes connections; throws its last log lines. */
export async function launchMongod(options: LaunchOptions): Promise<MongodProcess> {
  const child = spawn(await findMongod(), mongodArguments(options), { stdio: ['ignore', 'pipe', 'pipe'] });
  await once(child, 'spawn');
  endWithThisProcess(child, options.rootFolder);
  const exit = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await untilReady(child);
  unref(child);
  return {
    pid: child.pid ?? 0,
    signal: (name) => void child.kill(name),
    exited: () => {
      child.ref();
      return exit;
    },
  };
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORT_RANGE.first + Math.floor(Math.random() * PORT_RANGE.count);
    const server = createServer().unref();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

function mongodArguments(options: LaunchOptions): string[] {
  const { port, dataFolder, replicaSet, parameters } = options;
  const settings = Object.entries({
    diagnosticDataCollectionEnabled: 'false',
    transactionLifetimeLimitSeconds: TRANSACTION_SECONDS_MAX,
    ...parameters,
  });
  return [
    ...['--port', String(port), '--bind_ip', '127.0.0.1', '--nounixsocket', '--dbpath', dataFolder],
    ...['--storageEngine', 'wiredTiger', '--wiredTigerCacheSizeGB', String(CACHE_SIZE_GIB)],
    ...(replicaSet ? ['--replSet', replicaSet, '--oplogSize', String(OPLOG_SIZE_MIB)] : []),
    ...settings.flatMap(([name, value]) => ['--setParameter', `${name}=${value}`]),
  ];
}

function untilReady(child: ChildProcess): Promise<void> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('mongod was started without its output');
  const lastLines: string[] = [];
  const keep = (line: string) => {
    lastLines.push(line);
    if (lastLines.length > KEPT_LOG_LINES) lastLines.shift();
  };
  createInterface({ input: stderr }).on('line', keep);
  return new Promise((resolve, reject) => {
    createInterface({ input: stdout }).on('line', (line) => {
      keep(line);
      if (line.includes(`"id":${READY_LOG_ID},`)) resolve();
    });
    child.once('close', (code, signal) =>
      reject(new Error(`mongod ended with ${signal ?? code} at start:\n${lastLines.join('\n')}`)),
    );
  });
}
