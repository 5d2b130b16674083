import type { StoreOptions } from '../port.ts';

/** Work kept at a time; what comes on top is left to other processes' recovery. */
const TASKS_MAX = 1000;
const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 5000;

/** Work that goes on after its caller was answered, tried again until it succeeds or the store is closed. */
export interface Background {
  readonly run: (name: string, work: () => Promise<unknown>) => void;
  /** Lets what is under way end and starts nothing again. */
  readonly close: () => Promise<void>;
}

export function createBackground(warn: StoreOptions['warn']): Background {
  const running = new Set<Promise<void>>();
  const stop = new AbortController();

  const attempt = async (name: string, work: () => Promise<unknown>) => {
    for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(waitMs * 2, RETRY_MAX_MS)) {
      try {
        await work();
        return;
      } catch (error) {
        if (stop.signal.aborted) return;
        if (waitMs === RETRY_FIRST_MS) warn(`${name} did not succeed and is tried again.`, error);
      }
      await pause(waitMs, stop.signal);
      if (stop.signal.aborted) return;
    }
  };

  return {
    run: (name, work) => {
      if (stop.signal.aborted || running.size >= TASKS_MAX) return;
      const task: Promise<void> = attempt(name, work).finally(() => running.delete(task));
      running.add(task);
    },
    close: async () => {
      stop.abort();
      await Promise.all(running);
    },
  };
}

/** Waits, or less when the signal fires. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms).unref();
    signal.addEventListener('abort', done, { once: true });
  });
}
