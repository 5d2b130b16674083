/*
 * One process of the service as src/main.ts starts it, whose takes others may settle `OPEN_TAKE_MS` ms after them, and
 * the grace, in place of 10 s: so tests that kill it need not wait that long for its units.
 */
import { keepCompiledCode, writeCompiledCode } from '../../src/compile-cache.ts';

keepCompiledCode();
const { createApp } = await import('../../src/app.ts');
const { parseConfig } = await import('../../src/config.ts');
const { createLog, logOptionsOf } = await import('../../src/logging.ts');
const { announce, factsOf } = await import('../../src/process/announce.ts');

const config = parseConfig(process.env);
const processLog = createLog({ ...logOptionsOf(config, false), shared: false });
const openTakeMs = Number(process.env.OPEN_TAKE_MS);
const app = await createApp(config, { log: processLog.log, openTakeMs });
announce(await factsOf(app, config), { adminToken: app.adminToken, pids: [process.pid] }, processLog);
writeCompiledCode();
