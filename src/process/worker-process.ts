import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { HandOut, Taker } from './hand-out.ts';
import { type PrimaryMessage, readWorkerMessage, type WorkerMessage } from './messages.ts';

const WORKER = fileURLToPath(new URL('../worker.ts', import.meta.url));

/** What a process tells about its start. */
export type StartMessage = Extract<WorkerMessage, { kind: 'ready' | 'failed' }>;

export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A process that serves, as the first process sees it. */
export interface WorkerProcess {
  readonly pid: number;
  /** Null when it ends without a word. */
  readonly started: Promise<StartMessage | null>;
  readonly ended: Promise<WorkerEnd>;
  /** Has it finish the calls under way and end. */
  readonly stop: () => void;
  readonly kill: () => void;
}

export interface WorkerStart {
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly args: readonly string[];
}

function endOf(child: ChildProcess): Promise<WorkerEnd> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    // One that could not even be started has no exit; a broken channel is told by the exit that follows.
    child.on('error', (error) => {
      if (child.pid === undefined) resolve({ code: null, signal: error.message });
    });
  });
}

/** Starts one more process, which is given connections as soon as it is ready. */
export function startWorker({ env, args }: WorkerStart, handOut: HandOut): WorkerProcess {
  const child = fork(WORKER, args, { env: { ...env, PORT: String(handOut.port) } });
  const tell = (message: PrimaryMessage, ...handle: Parameters<Taker['give']> | []): void => {
    if (child.connected) child.send(message, handle[1], { keepOpen: true }, () => {});
  };
  const taker: Taker = { give: (id, socket) => tell({ kind: 'connection', id }, id, socket) };
  const ended = endOf(child);
  void ended.then(() => handOut.remove(taker));
  const started = new Promise<StartMessage | null>((resolve) => {
    child.on('message', (message: unknown) => {
      const told = readWorkerMessage(message);
      if (told?.kind === 'taken') handOut.taken(taker, told.id);
      else if (told?.kind === 'refused') handOut.remove(taker);
      else if (told !== null) {
        if (told.kind === 'ready') handOut.add(taker);
        resolve(told);
      }
    });
    void ended.then(() => resolve(null));
  });
  return {
    pid: child.pid ?? 0,
    started,
    ended,
    stop: () => tell({ kind: 'stop' }),
    kill: () => void child.kill('SIGKILL'),
  };
}
