import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { type ListeningServer, startServer } from './child-process.ts';
import { openConnection } from './load-connection.ts';
import { sharedMongod } from './mongod.ts';

export type SeveralProcesses = ListeningServer & {
  readonly adminToken: string;
  /** Of the processes that serve, as they were when all were ready. */
  readonly pids: readonly number[];
  /** Calls with a new connection each, until every one of these processes has served one. */
  readonly servedByAll: (pids: readonly number[]) => Promise<void>;
};

/** Starts `npm start -- --processes N` on a database of its own on a real mongod; it goes with the test. */
export async function startProcesses(
  t: TestContext,
  processes: number | 'auto',
  env: Readonly<Record<string, string>> = {},
): Promise<SeveralProcesses> {
  const lease = await sharedMongod();
  const adminToken = randomBytes(20).toString('hex');
  const server = await startServer({
    env: { DATABASE_URL: lease.uri, ADMIN_TOKEN: adminToken, ...env },
    args: ['--processes', String(processes)],
  });
  t.after(async () => {
    await server.kill('SIGKILL');
    await lease.drop();
  });
  const { pids }: { pids: number[] } = JSON.parse(await server.line(/"msg":"listening"/));
  const servedByAll = (wanted: readonly number[]) => untilServedBy(server, wanted);
  return { ...server, adminToken, pids, servedByAll };
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
