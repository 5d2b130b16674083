import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createKeypoolClient, type KeypoolClient } from '../../src/client/node.ts';
import { type ListeningServer, type ServerOptions, startServer } from './child-process.ts';
import { sharedMongod } from './mongod.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Where servers keep their data: fresh for each test, and removed with it. */
export type Backend = {
  readonly databaseUrl: string;
  readonly close: () => Promise<unknown>;
};

/** Both stores, for what must hold on both. */
export const BACKENDS: readonly { readonly name: string; readonly open: () => Promise<Backend> }[] = [
  { name: 'SQLite', open: openSqlite },
  { name: 'MongoDB', open: openMongodb },
];

export async function openSqlite(): Promise<Backend> {
  const folder = await temporaryFolder();
  return { databaseUrl: `sqlite:${folder.file('keypool.db')}`, close: folder.remove };
}

export async function openMongodb(): Promise<Backend> {
  const lease = await sharedMongod();
  return { databaseUrl: lease.uri, close: lease.drop };
}

export type KeypoolProcess = Omit<ListeningServer, typeof Symbol.asyncDispose> & {
  readonly admin: KeypoolClient['admin'];
};

/** Real server processes on one set of data. */
export type KeypoolServers = {
  readonly adminToken: string;
  /** Starts one more process; `env` adds to and overrides what all have. */
  readonly start: (env?: Readonly<Record<string, string>>) => Promise<KeypoolProcess>;
  /** Kills every process and removes the data. */
  readonly close: () => Promise<void>;
};

const SHORT_TAKES = join(import.meta.dirname, 'short-takes-server.ts');

/** For servers whose open takes others settle after 1 s and the grace of 2 s, in place of 10 s and the grace. */
export const WITH_SHORT_TAKES = { main: SHORT_TAKES, env: { OPEN_TAKE_MS: '1000' } } as const;

/** `env` is for all of them; `main` the module they run, src/main.ts unless named. */
export function serversOn(
  backend: Backend,
  { env = {}, main }: Partial<Pick<ServerOptions, 'env' | 'main'>> = {},
): KeypoolServers {
  const adminToken = randomBytes(24).toString('hex');
  const started: { readonly server: ListeningServer; readonly client: KeypoolClient }[] = [];
  const start = async (more: Readonly<Record<string, string>> = {}) => {
    const own = { DATABASE_URL: backend.databaseUrl, ADMIN_TOKEN: adminToken, LOG_REQUESTS: 'false' };
    const all = { ...own, ...env, ...more };
    const server = await startServer({ env: all, ...(main === undefined ? {} : { main }) });
    const client = createKeypoolClient({ baseUrl: server.url, token: adminToken });
    started.push({ server, client });
    return { ...server, admin: client.admin };
  };
  const close = async () => {
    for (const { client } of started) client.close();
    await Promise.all(started.map(({ server }) => server.kill('SIGKILL')));
    await backend.close();
  };
  return { adminToken, start, close };
}

/** Servers that go with the test. */
export function useServers(
  t: TestContext,
  backend: Backend,
  options: Parameters<typeof serversOn>[1] = {},
): KeypoolServers {
  const servers = serversOn(backend, options);
  t.after(servers.close);
  return servers;
}
