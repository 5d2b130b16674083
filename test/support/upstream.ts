import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { openConnection } from './load-connection.ts';
import { endWithThisProcess } from './reaper.ts';
import type { UpstreamPlan, UpstreamReport } from './upstream-plan.ts';

const SERVER = join(import.meta.dirname, 'upstream-server.ts');

/** A simulated upstream that runs. */
export interface Upstream {
  /** Where keys are used. */
  readonly useUrl: string;
  /** All that it saw so far. */
  readonly report: () => Promise<UpstreamReport>;
}

async function listeningUrl(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const entry: { url?: string } = JSON.parse(line);
    if (entry.url !== undefined) return entry.url;
  }
  throw new Error('the upstream ended before it listened');
}

/** Starts a simulated upstream in a process of its own; it goes with the test. */
export async function useUpstream(t: TestContext, plan: UpstreamPlan): Promise<Upstream> {
  const child = spawn(process.execPath, [SERVER], { stdio: ['pipe', 'pipe', 'inherit'] });
  endWithThisProcess(child);
  const ended = once(child, 'exit');
  const connection = openConnection();
  t.after(async () => {
    connection.close();
    child.kill('SIGKILL');
    await ended;
  });
  child.stdin.end(JSON.stringify(plan));
  const url = await listeningUrl(child.stdout);
  return {
    useUrl: `${url}/v1/use`,
    report: async () => {
      const { body } = await connection.get(`${url}/report`);
      const report: UpstreamReport = JSON.parse(body);
      return report;
    },
  };
}
