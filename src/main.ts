import { type App, createApp } from './app.ts';
import { bannerText } from './banner.ts';
import { helpText, parseCommandLine } from './command-line.ts';
import { type Config, parseConfig } from './config.ts';
import { demoText, putInDemo } from './demo.ts';
import { createLog, type ProcessLog } from './logging.ts';
import { closeOnSignal, endOnStrayError } from './signals.ts';
import { startFailureText } from './start-failure.ts';

const ON_TERMINAL = process.stdout.isTTY === true;

/** Where the data is, without a credential: the file, or the hosts. */
async function databaseText(app: App, { database }: Config): Promise<string> {
  return database.kind === 'sqlite' ? `sqlite:${database.path}` : (await app.context.store.status()).detail;
}

/** Tells where it listens: a few words for people, or a line of the log for machines. */
async function announce(app: App, config: Config, { log, format }: ProcessLog): Promise<void> {
  const database = await databaseText(app, config);
  const { adminToken } = app;
  if (format === 'pretty') {
    process.stdout.write(`${bannerText(app, database)}\n`);
    return;
  }
  if (adminToken.source === 'process')
    log.warn({}, 'the admin token of a database in memory is not shown in a log; set ADMIN_TOKEN');
  const adminTokenFile = adminToken.source === 'file' ? { admin_token_file: adminToken.path } : {};
  log.info({ url: app.url, database, ...adminTokenFile, version: app.context.version }, 'listening');
}

async function start(): Promise<void> {
  const commandLine = parseCommandLine(process.argv.slice(2));
  if (commandLine.help) {
    process.stdout.write(`${helpText()}\n`);
    return;
  }
  const config = parseConfig(process.env);
  const format = config.logFormat ?? (ON_TERMINAL ? 'pretty' : 'json');
  const processLog = createLog({ level: config.logLevel, format, colors: ON_TERMINAL });
  endOnStrayError(processLog);
  const app = await createApp(config, { log: processLog.log });
  closeOnSignal(app, config.shutdownTimeoutMs, processLog);
  await announce(app, config, processLog);
  if (commandLine.demo) process.stdout.write(`${demoText(app.url, await putInDemo(app.context))}\n`);
}

try {
  await start();
} catch (error) {
  process.stderr.write(`Keypool cannot start. ${startFailureText(error)}\n`);
  process.exit(1);
}
