import { createApp } from '../../src/app.ts';
import { parseConfig } from '../../src/config.ts';
import { createLog } from '../../src/logging.ts';
import { fillPool } from './fill.ts';

/** Opens the service on `env`'s database, fills it, and closes it again. Gives the consumer's token. */
export async function preparePool(
  env: Readonly<Record<string, string>>,
  size: { readonly keys: number; readonly auditRows: number },
): Promise<string> {
  const { log } = createLog({ level: 'error', format: 'json', colors: false });
  const app = await createApp(parseConfig({ ...env, PORT: '0' }), { log });
  try {
    return await fillPool(app.context, size);
  } finally {
    await app.close();
  }
}
