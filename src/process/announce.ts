import type { AdminToken } from '../admin-token.ts';
import type { App } from '../app.ts';
import { bannerText } from '../banner.ts';
import type { Config } from '../config.ts';
import type { ProcessLog } from '../logging.ts';
import type { ServiceFacts } from './messages.ts';

/** Where the data is, without a credential: the file, or the hosts. */
async function databaseText(app: App, { database }: Config): Promise<string> {
  return database.kind === 'sqlite' ? `sqlite:${database.path}` : (await app.context.store.status()).detail;
}

export async function factsOf(app: App, config: Config): Promise<ServiceFacts> {
  const { version, sealer } = app.context;
  return { url: app.url, database: await databaseText(app, config), version, encryptionKeyId: sealer.keyId };
}

/** Tells once where the service listens: a few words for people, or a line of the log for machines. */
export function announce(
  { url, database, version, encryptionKeyId }: ServiceFacts,
  { adminToken, pids }: { readonly adminToken: AdminToken; readonly pids: readonly number[] },
  { log, format }: ProcessLog,
): void {
  if (encryptionKeyId === null)
    log.warn(
      {},
      'values, secrets and the keys that sign JWTs are kept in plain text; set ENCRYPTION_KEY to have them sealed',
    );
  if (format === 'pretty') {
    const text = bannerText({ url, database, version, encryptionKeyId, adminToken, pids });
    process.stdout.write(`${text}\n`);
    return;
  }
  if (adminToken.source === 'process')
    log.warn({}, 'the admin token of a database in memory is not shown in a log; set ADMIN_TOKEN');
  const adminTokenFile = adminToken.source === 'file' ? { admin_token_file: adminToken.path } : {};
  const processes = pids.length > 1 ? { processes: pids.length, pids } : {};
  log.info({ url, database, ...adminTokenFile, version, ...processes }, 'listening');
}
