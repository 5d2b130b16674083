import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { type ListeningServer, startServer } from './child-process.ts';
import { openConnection } from './load-connection.ts';
import { sharedMongod } from './mongod.ts';
import { servingPids } from './serving-processes.ts';

export type SeveralProcesses = ListeningServer & {
  readonly adminToken: string;
  /** Of the processes that serve, as they were when all were ready; its own where it is the only one. */
  readonly pids: readonly number[];
  /** Calls with a new connection each, until every one of these processes has served one. */
  readonly servedByAll: (pids: readonly number[]) => Promise<void>;
  /** Ends all of them at once and removes the data. */
  readonly close: () => Promise<void>;
};

/** Starts `npm start -- --processes N` on a database of its own on a real mongod. */
export async function startProcesses(
  processes: number | 'auto',
  env: Readonly<Record<string, string>> = {},
): Promise<SeveralProcesses> {
  const lease = await sharedMongod();
  const adminToken = randomBytes(20).toString('hex');
  const server = await startServer({
    env: { DATABASE_URL: lease.uri, ADMIN_TOKEN: adminToken, ...env },
    args: ['--processes', String(processes)],
  });
  const close = async () => {
    const ended = server.kill('SIGKILL');
    // Without the first process the others would take their time to finish their calls.
    for (const pid of servingPids(server)) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    await ended;
    await lease.drop();
  };
  const { pids = [server.pid] }: { pids?: number[] } = JSON.parse(await server.line(/"msg":"listening"/));
  const servedByAll = (wanted: readonly number[]) => untilServedBy(server, wanted);
  return { ...server, adminToken, pids, servedByAll, close };
}

/** {@link startProcesses} for one test, with which they go. */
export async function useProcesses(
  t: TestContext,
  ...how: Parameters<typeof startProcesses>
): Promise<SeveralProcesses> {
  const server = await startProcesses(...how);
  t.after(server.close);
  return server;
}

async function untilServedBy(server: ListeningServer, pids: readonly number[]): Promise<void> {
  let done = false;
  const lines = pids.map((pid) => server.line(new RegExp(`"pid":${pid},.*"msg":"request"`)));
  const served = Promise.all(lines).finally(() => {
    done = true;
  });
  served.catch(() => {});
  while (!done) {
    const connection = openConnection();
    await connection.get(`${server.url}/health`);
    connection.close();
  }
  await served;
}

/** True while there is such a process. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
