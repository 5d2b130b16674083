import { createApp } from '../app.ts';
import { demoText, putInDemo } from '../demo.ts';
import { startFailureText } from '../start-failure.ts';
import { factsOf } from './announce.ts';
import { type Closing, createClosing, endProcess, onEndSignal } from './closing.ts';
import { handedConnections, tellPrimary } from './handed-connections.ts';
import { readPrimaryMessage } from './messages.ts';
import type { Service } from './service.ts';

/**
 * Runs `stop` with every way of being told to end: by the first process, by its end, and by a signal. One end may come
 * in several ways: a terminal and a service manager signal every process, and the first one tells the others.
 */
function onStop(stop: (why: Readonly<Record<string, string>>) => void): void {
  process.on('message', (message: unknown) => {
    if (readPrimaryMessage(message)?.kind === 'stop') stop({ by: 'the first process' });
  });
  process.on('disconnect', () => stop({ by: 'the end of the first process' }));
  onEndSignal((signal) => stop({ signal }));
}

/** Serves what the first process hands over, and tells it when it is ready, or why it cannot start. */
export async function serveAsWorker({ config, demo, processLog }: Service): Promise<void> {
  const { log } = processLog;
  let closing: Closing | null = null;
  // One that is still starting holds nothing that needs an end.
  onStop((why) => (closing === null ? endProcess(processLog, 0) : closing.begin(why)));
  try {
    const app = await createApp(config, { log, connections: handedConnections(config.port) });
    closing = createClosing(app, config.shutdownTimeoutMs, processLog);
    const facts = await factsOf(app, config);
    const demoDone = demo ? demoText(app.url, await putInDemo(app.context)) : null;
    log.info({ url: app.url }, 'this process takes calls');
    await tellPrimary({ kind: 'ready', facts, demo: demoDone });
  } catch (error) {
    await tellPrimary({ kind: 'failed', reason: startFailureText(error) });
    endProcess(processLog, 1);
  }
}
