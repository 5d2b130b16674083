import type { KeypoolProcess } from './load-servers.ts';

type LogLine = {
  readonly msg?: string;
  readonly pid?: number;
  readonly pids?: readonly number[];
  readonly ended_pid?: number;
};

/** The processes that take calls now, as the log of `npm start -- --processes N` tells it. */
export function servingPids(server: Pick<KeypoolProcess, 'output'>): readonly number[] {
  const serving = new Set<number>();
  for (const text of server.output().split('\n')) {
    if (!text.startsWith('{')) continue;
    const line: LogLine = JSON.parse(text);
    if (line.msg === 'this process takes calls' && line.pid !== undefined) serving.add(line.pid);
    if (line.ended_pid !== undefined) serving.delete(line.ended_pid);
  }
  return [...serving];
}

/** How many processes were replaced so far. */
export function replacements(server: Pick<KeypoolProcess, 'output'>): number {
  return server.output().match(/a process ended and was replaced/g)?.length ?? 0;
}
