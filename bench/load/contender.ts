import type { Protocol } from '../plan.ts';
import { cpuMsOf } from '../server/process-usage.ts';
import type { Subject } from '../server/subject.ts';
import type { Ask, LoadResult, LoadTimes } from './plan.ts';
import { runLoad } from './run.ts';

const WARM_UP_MS = 1000;

/** A load's result, with what a call cost the server in CPU time (µs); null where there is no server. */
export interface Measured extends LoadResult {
  readonly cpuPerCall: number | null;
}

/** What a server is asked, and by how many at a time. */
export interface ServerLoad {
  readonly protocol: Protocol;
  readonly asks: readonly Ask[];
  readonly callers: number;
}

/** So many seconds after a warm-up. */
export function timesOf(seconds: number): LoadTimes {
  return { warmUpMs: WARM_UP_MS, measureMs: seconds * 1000 };
}

/** Loads a server from a process of its own. */
export async function loadServer(server: Subject, load: ServerLoad, times: LoadTimes): Promise<Measured> {
  const before = await cpuMsOf(server.pid);
  const result = await runLoad({ ...load, ...times, port: server.port });
  const spentMs = (await cpuMsOf(server.pid)) - before;
  return { ...result, cpuPerCall: (spentMs * 1000) / Math.max(1, result.calls) };
}
