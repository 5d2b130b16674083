import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { endWithThisProcess } from './reaper.ts';
import type { UpstreamCallers, UpstreamUses } from './upstream-callers.ts';

const CALLERS = join(import.meta.dirname, 'upstream-caller-process.ts');

/** Callers in a process of their own. */
export interface CallerProcess {
  /** What they did; null when they were killed. */
  readonly ended: Promise<UpstreamUses | null>;
  /** SIGKILL: what they had under way is never reported. */
  readonly kill: () => void;
}

/** Starts callers that end by themselves; they go with the test. */
export function startCallers(t: TestContext, plan: UpstreamCallers): CallerProcess {
  const child = spawn(process.execPath, [CALLERS], { stdio: ['pipe', 'pipe', 'inherit'] });
  endWithThisProcess(child);
  const exited = once(child, 'exit');
  const kill = (): void => void child.kill('SIGKILL');
  t.after(async () => {
    kill();
    await exited;
  });
  child.stdin.end(JSON.stringify(plan));
  const ended = text(child.stdout).then((output): UpstreamUses | null =>
    output === '' ? null : JSON.parse(output),
  );
  return { ended, kill };
}
