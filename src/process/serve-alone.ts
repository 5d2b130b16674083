import { createApp } from '../app.ts';
import { demoText, putInDemo } from '../demo.ts';
import { announce, factsOf } from './announce.ts';
import { closeOnSignal, createClosing } from './closing.ts';
import type { Service } from './service.ts';

/** Serves in this process, the only one. Resolves when it listens; errors as those of createApp. */
export async function serveAlone({ config, demo, processLog }: Service): Promise<void> {
  const app = await createApp(config, { log: processLog.log });
  closeOnSignal(createClosing(app, config.shutdownTimeoutMs, processLog), processLog);
  announce(await factsOf(app, config), { adminToken: app.adminToken, pids: [process.pid] }, processLog);
  if (demo) process.stdout.write(`${demoText(app.url, await putInDemo(app.context))}\n`);
}
