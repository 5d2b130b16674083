import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessLog } from '../logging.ts';
import { StartError } from '../start-error.ts';
import type { HandOut } from './hand-out.ts';
import { replacementPauseMs, shortLivesAfter } from './replacement-pause.ts';
import { type StartMessage, startWorker, type WorkerProcess } from './worker-process.ts';

type Ready = Extract<StartMessage, { kind: 'ready' }>;

export interface GroupOptions {
  readonly handOut: HandOut;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: ProcessLog['log'];
  readonly monotonicMs: () => number;
}

/** The processes that share the port. */
export interface ProcessGroup {
  /**
   * Adds a process and resolves when it takes calls; from then on another one takes its place whenever it ends. Error:
   * StartError with its own words.
   */
  readonly add: (args: readonly string[]) => Promise<Ready>;
  readonly pids: () => readonly number[];
  /** Has all of them finish their calls and end, and none replaced; true when every one ended well. */
  readonly stop: () => Promise<boolean>;
  readonly kill: () => void;
}

async function untilReady(worker: WorkerProcess): Promise<Ready> {
  const message = await worker.started;
  if (message?.kind === 'ready') return message;
  if (message !== null) throw new StartError(message.reason);
  const { code, signal } = await worker.ended;
  throw new StartError(`A process ended with ${signal ?? code} before it was ready.`);
}

export function createProcessGroup({ handOut, env, log, monotonicMs }: GroupOptions): ProcessGroup {
  const running = new Set<WorkerProcess>();
  const stopping = new AbortController();

  function start(args: readonly string[]): WorkerProcess {
    const worker = startWorker({ env, args }, handOut);
    running.add(worker);
    void worker.ended.then(() => running.delete(worker));
    return worker;
  }

  /** Puts another process in the place of one that ended, as often as that happens. */
  async function keepUp(first: WorkerProcess, startedAtMs: number): Promise<void> {
    let [worker, since, shortLives] = [first, startedAtMs, 0];
    for (;;) {
      const { code, signal } = await worker.ended;
      shortLives = shortLivesAfter(shortLives, monotonicMs() - since);
      const pauseMs = replacementPauseMs(shortLives);
      await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      const ended = { ended_pid: worker.pid, exit_code: code, signal, pause_ms: pauseMs };
      worker = start([]);
      since = monotonicMs();
      log.error({ ...ended, new_pid: worker.pid }, 'a process ended and was replaced');
      untilReady(worker).catch((error: unknown) => {
        if (!stopping.signal.aborted) log.error({ err: error }, 'a process could not start');
      });
    }
  }

  return {
    add: async (args) => {
      const startedAtMs = monotonicMs();
      const worker = start(args);
      const ready = await untilReady(worker);
      void keepUp(worker, startedAtMs);
      return ready;
    },
    pids: () => [...running].map(({ pid }) => pid),
    stop: async () => {
      stopping.abort();
      const ends = [...running].map((worker) => {
        worker.stop();
        return worker.ended;
      });
      return (await Promise.all(ends)).every(({ code }) => code === 0);
    },
    kill: () => {
      for (const worker of running) worker.kill();
    },
  };
}
