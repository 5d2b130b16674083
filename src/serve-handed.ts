import { parseCommandLine } from './command-line.ts';
import { parseConfig } from './config.ts';
import { createLog, logOptionsOf } from './logging.ts';
import { endOnStrayError } from './process/closing.ts';
import { serveAsWorker } from './process/serve-as-worker.ts';

const { demo } = parseCommandLine(process.argv.slice(2));
const config = parseConfig(process.env);
const processLog = createLog({ ...logOptionsOf(config, process.stdout.isTTY), shared: true });
endOnStrayError(processLog);
await serveAsWorker({ config, demo, processLog });
