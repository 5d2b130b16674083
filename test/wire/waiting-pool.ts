import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { type Client, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { ErrorInfoSchema } from '../../gen/google/rpc/error_details_pb.ts';
import { KeyPoolService } from '../../gen/keypool/v1/key_pool_service_pb.ts';
import type { Call } from '../../src/domain/context.ts';
import { createConsumer } from '../../src/domain/create-consumer.ts';
import { createKey } from '../../src/domain/create-key.ts';
import { createTier } from '../../src/domain/create-tier.ts';
import { grantTier } from '../../src/domain/grant-tier.ts';
import { limitOf, newConsumer, newKey, newTier } from '../domain/examples.ts';
import { sharedMongod } from '../support/mongod.ts';
import { type Served, serve } from './served.ts';

type Env = Readonly<Record<string, string>>;

/** A process on each kind of store. It goes with the test. */
export const STORES: Readonly<Record<string, (t: TestContext, env: Env) => Promise<Served>>> = {
  SQLite: async (t, env) => {
    const served = await serve(env);
    t.after(served.close);
    return served;
  },
  MongoDB: async (t, env) => {
    const [served] = await serveOnMongo(t, 1, env);
    if (served === undefined) throw new Error('one process serves');
    return served;
  },
};

/** So many processes on one database. They go with the test. */
export async function serveOnMongo(t: TestContext, count: number, env: Env = {}): Promise<readonly Served[]> {
  const lease = await sharedMongod();
  const processes: Served[] = [];
  t.after(async () => {
    await Promise.all(processes.map((served) => served.close()));
    await lease.drop();
  });
  for (let i = 0; i < count; i += 1) processes.push(await serve({ DATABASE_URL: lease.uri, ...env }));
  return processes;
}

export const PROTOCOLS: Readonly<Record<string, (baseUrl: string) => Transport>> = {
  Connect: (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: false }),
  gRPC: (baseUrl) => createGrpcTransport({ baseUrl }),
  'gRPC-Web': (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '1.1' }),
};

export interface WirePool {
  readonly feature: string;
  readonly keyId: string;
  readonly consumerId: string;
  readonly token: string;
}

const ADMIN: Call = { identity: { kind: 'root' }, requestId: 'arrange', peerAddress: '127.0.0.1' };

/**
 * A tier with one key that serves once in a window and its guard, and a consumer that may draw it. The guard is long, so
 * that a busy machine hardly ever withholds a value, which would spend the key's one unit.
 */
export async function addSlowPool({ context }: Served, windowMs = 1000): Promise<WirePool> {
  const feature = `feature-${randomBytes(6).toString('hex')}`;
  const limits = [limitOf({ limit: 1, windowMs, guardMs: Math.min(4000, windowMs) })];
  await createTier(context, ADMIN, newTier({ id: feature, features: [{ name: feature, limits }] }));
  const { id: keyId } = await createKey(context, ADMIN, { tierId: feature, key: newKey() });
  const { consumer, token } = await createConsumer(context, ADMIN, { consumer: newConsumer() });
  await grantTier(context, ADMIN, { consumerId: consumer.id, tierId: feature });
  return { feature, keyId, consumerId: consumer.id, token };
}

/** A client that comes with the pool's consumer's token. */
export function clientOf(transport: Transport, token: string): Client<typeof KeyPoolService> {
  const client = createClient(KeyPoolService, {
    unary: (method, signal, timeoutMs, header, ...rest) =>
      transport.unary(method, signal, timeoutMs, withToken(header, token), ...rest),
    stream: (method, signal, timeoutMs, header, ...rest) =>
      transport.stream(method, signal, timeoutMs, withToken(header, token), ...rest),
  });
  return client;
}

function withToken(header: HeadersInit | undefined, token: string): Headers {
  const headers = new Headers(header);
  headers.set('Authorization', `Bearer ${token}`);
  return headers;
}

/** The reason a call ended with: Keypool's, or the name of its code. */
export async function reasonOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => ConnectError.from(thrown),
  );
  if (error === null) return 'OK';
  return error.findDetails(ErrorInfoSchema)[0]?.reason ?? `code ${error.code}`;
}
