import type { App } from '../app.ts';
import type { ProcessLog } from '../logging.ts';

const FAILED = 1;
/** How long the store and what runs in the background may take to end, after the calls had their time. */
export const CLOSE_GRACE_MS = 10_000;

/** The end of a process that serves. */
export interface Closing {
  /** Closes the service and ends the process: within the time limit and a grace. Further calls do nothing. */
  readonly begin: (why: Readonly<Record<string, string>>) => void;
  readonly begun: () => boolean;
}

export function createClosing(app: App, shutdownTimeoutMs: number, processLog: ProcessLog): Closing {
  const { log } = processLog;
  const end = (code: number): void => endProcess(processLog, code);
  let closing = false;

  async function close(): Promise<void> {
    try {
      await app.close();
      log.info({}, 'stopped');
      end(0);
    } catch (error) {
      log.error({ err: error }, 'did not stop cleanly');
      end(FAILED);
    }
  }

  return {
    begin: (why) => {
      if (closing) return;
      closing = true;
      log.info(why, 'stopping: finishing the calls under way');
      setTimeout(() => {
        log.error({}, 'did not stop in time');
        end(FAILED);
      }, shutdownTimeoutMs + CLOSE_GRACE_MS).unref();
      void close();
    },
    begun: () => closing,
  };
}

/** Ends the process with all of its log written. */
export function endProcess({ flush }: ProcessLog, code: number): void {
  flush();
  process.exit(code);
}

/** The first SIGTERM or SIGINT begins the end; a second one ends the process at once. */
export function closeOnSignal(closing: Closing, processLog: ProcessLog): void {
  onEndSignal((signal) => {
    if (!closing.begun()) {
      closing.begin({ signal });
      return;
    }
    processLog.log.warn({ signal }, 'ended at once');
    endProcess(processLog, FAILED);
  });
}

/** What is done when the process is told to end, by an operator or by Ctrl-C. */
export function onEndSignal(run: (signal: NodeJS.Signals) => void): void {
  process.on('SIGTERM', run);
  process.on('SIGINT', run);
}

/** What nobody caught is logged without the fields that hang on it, and ends the process: its state is not known. */
export function endOnStrayError(processLog: ProcessLog): void {
  process.on('uncaughtException', (error) => {
    processLog.log.fatal({ err: error }, 'an error nobody caught');
    endProcess(processLog, FAILED);
  });
}
