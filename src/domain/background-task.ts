import type { DomainLog } from './context.ts';

/** Runs something once after `ms`; returns the undo. Such a timer must not keep the process alive. */
export type After = (ms: number, run: () => void) => () => void;

export interface BackgroundTask {
  /** Runs at once, or again at once when it is running. */
  readonly kick: () => void;
  /** Starts no further run; resolves when the one under way has ended. */
  readonly stop: () => Promise<void>;
}

export interface BackgroundTaskOptions {
  readonly name: string;
  /** The pause between two runs that found nothing more to do, in ms. */
  readonly everyMs: number;
  /** One bounded piece of work; true when there is more to do. */
  readonly run: () => Promise<boolean>;
  /** The pause before more of it, which leaves the store to others meanwhile, in ms; 0 where nothing is said. */
  readonly moreAfterMs?: number;
  readonly after: After;
  readonly log: DomainLog;
}

const BACKOFF_MAX_MS = 30_000;

/** Repeats one piece of work. A failure is logged and tried again, each time after twice the pause, up to 30 s. */
export function startBackgroundTask(options: BackgroundTaskOptions): BackgroundTask {
  let stopped = false;
  let kicked = false;
  let failures = 0;
  let cancel: () => void = () => {};
  let underWay: Promise<void> | null = null;

  async function runOnce(): Promise<number> {
    try {
      const more = await options.run();
      if (failures > 0) options.log.info({ task: options.name }, 'a background task works again');
      failures = 0;
      return more ? (options.moreAfterMs ?? 0) : options.everyMs;
    } catch (error) {
      failures += 1;
      const pauseMs = Math.min(BACKOFF_MAX_MS, options.everyMs * 2 ** Math.min(failures, 16));
      options.log.warn({ task: options.name, err: error, retry_ms: pauseMs }, 'a background task failed');
      return pauseMs;
    }
  }

  function begin(): void {
    kicked = false;
    underWay = runOnce().then((pauseMs) => {
      underWay = null;
      // A kick shortens the pause of a task that is well; one that failed waits for its turn.
      if (!stopped) cancel = options.after(kicked && failures === 0 ? 0 : pauseMs, begin);
    });
  }

  cancel = options.after(options.everyMs, begin);
  return {
    kick: () => {
      if (stopped) return;
      kicked = true;
      if (underWay !== null || failures > 0) return;
      cancel();
      cancel = options.after(0, begin);
    },
    stop: async () => {
      stopped = true;
      cancel();
      await underWay;
    },
  };
}
