import { randomBytes } from 'node:crypto';
import type { KeypoolClient } from '../../src/client/clients.ts';
import { createKeypoolClient, durationFromMs, type KeypoolTlsOptions } from '../../src/client/node.ts';
import { startServer } from '../support/child-process.ts';

export type Keypool = AsyncDisposable & {
  readonly url: string;
  readonly admin: KeypoolClient['admin'];
  /** A consumer's. */
  readonly token: string;
  readonly stop: () => Promise<void>;
  /** All that the server has logged. */
  readonly output: () => string;
  /** Makes a tier with one key and grants it to the consumer; the feature is in no other tier. */
  readonly addPool: (limit?: { readonly perHour: number }) => Promise<Pool>;
};

export type Pool = { readonly feature: string; readonly value: string };

const HOUR_MS = 3_600_000;

/** Starts a real server, in a process of its own and with a database in memory, and a consumer in it. */
export async function startKeypool(
  env: Readonly<Record<string, string>> = {},
  tls: KeypoolTlsOptions = {},
): Promise<Keypool> {
  const adminToken = randomBytes(24).toString('hex');
  const server = await startServer({
    env: { DATABASE_URL: 'sqlite::memory:', ADMIN_TOKEN: adminToken, ...env },
  });
  const client = createKeypoolClient({ baseUrl: server.url, token: adminToken, tls });
  const { admin } = client;
  const { consumer, token } = await admin.createConsumer({ consumer: { name: 'client test' } });

  const addPool = async (limit?: { readonly perHour: number }): Promise<Pool> => {
    const name = `pool-${randomBytes(6).toString('hex')}`;
    const limits = limit === undefined ? [] : [{ limit: limit.perHour, window: durationFromMs(HOUR_MS) }];
    await admin.createTier({ tier: { id: name, features: [{ name, limits }] } });
    const value = `upstream-value-${name}`;
    await admin.createKey({ key: { tierId: name, name, value } });
    await admin.grantTier({ consumerId: consumer?.id, tierId: name });
    return { feature: name, value };
  };
  const stop = async () => {
    client.close();
    await server.kill();
  };
  const { url, output } = server;
  return { url, output, admin, token, addPool, stop, [Symbol.asyncDispose]: stop };
}
