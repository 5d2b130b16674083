import type { App } from './app.ts';
import type { ProcessLog } from './logging.ts';

const FAILED = 1;
/** How long the store and what runs in the background may take to end, after the calls had their time. */
const CLOSE_GRACE_MS = 10_000;

/**
 * Closes the service on the first SIGTERM or SIGINT and ends the process: within `shutdownTimeoutMs` and a grace. A
 * second signal ends it at once.
 */
export function closeOnSignal(app: App, shutdownTimeoutMs: number, { log, flush }: ProcessLog): void {
  let closing = false;

  function end(code: number): void {
    flush();
    process.exit(code);
  }

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

  const onSignal = (signal: NodeJS.Signals): void => {
    if (closing) {
      log.warn({ signal }, 'ended at once');
      end(FAILED);
      return;
    }
    closing = true;
    log.info({ signal }, 'stopping: finishing the calls under way');
    setTimeout(() => {
      log.error({}, 'did not stop in time');
      end(FAILED);
    }, shutdownTimeoutMs + CLOSE_GRACE_MS).unref();
    void close();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

/** What nobody caught is logged without the fields that hang on it, and ends the process: its state is not known. */
export function endOnStrayError({ log, flush }: ProcessLog): void {
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'an error nobody caught');
    flush();
    process.exit(FAILED);
  });
}
