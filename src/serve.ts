import { availableParallelism } from 'node:os';
import { systemClock } from './app.ts';
import { helpText, parseCommandLine } from './command-line.ts';
import { parseConfig } from './config.ts';
import { createLog, logOptionsOf } from './logging.ts';
import { endOnStrayError } from './process/closing.ts';
import { processCountOf } from './process/process-count.ts';
import { serveAlone } from './process/serve-alone.ts';
import { supervise } from './process/supervise.ts';
import { startFailureText } from './start-failure.ts';

async function start(): Promise<void> {
  const commandLine = parseCommandLine(process.argv.slice(2));
  if (commandLine.help) {
    process.stdout.write(`${helpText()}\n`);
    return;
  }
  const env = { ...process.env, ...commandLine.variables };
  const config = parseConfig(env);
  const processes = processCountOf(config.processes, availableParallelism());
  const processLog = createLog({ ...logOptionsOf(config, process.stdout.isTTY), shared: processes > 1 });
  endOnStrayError(processLog);
  const service = { config, demo: commandLine.demo, processLog };
  if (processes === 1) await serveAlone(service);
  else await supervise({ ...service, processes, env, monotonicMs: systemClock.monotonicMs });
}

try {
  await start();
} catch (error) {
  process.stderr.write(`Keypool cannot start. ${startFailureText(error)}\n`);
  process.exit(1);
}
