import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { it, type TestContext } from 'node:test';
import { createClient, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { KeyPoolService } from '../../gen/keypool/v1/key_pool_service_pb.ts';
import { parseConfig } from '../../src/config.ts';
import { createHealth } from '../../src/transport/health.ts';
import { createHttpHandler } from '../../src/transport/http/handler.ts';
import { handlersByPath, routerOptions } from '../../src/transport/router.ts';
import { createRpcs, routesOf } from '../../src/transport/routes.ts';
import type { UnaryRpc } from '../../src/transport/rpc/unary-rpc.ts';
import { startServer } from '../../src/transport/server/start-server.ts';
import { addPool, serve } from './served.ts';

type Path = 'short' | 'general';

const log = { debug() {}, info() {}, warn() {}, error() {} };

/** A port whose two paths serve RPCs that tell which of them was taken; otherwise as in production. */
async function servePaths(t: TestContext) {
  const served = await serve();
  t.after(served.close);
  const { context } = served;
  const taken: Path[] = [];
  const told = (path: Path): UnaryRpc[] =>
    createRpcs(context).map(({ method, serve: serveRpc }) => ({
      method,
      serve: (request, call) => {
        taken.push(path);
        return serveRpc(request, call);
      },
    }));
  const config = parseConfig({ ADMIN_TOKEN: randomUUID(), PORT: '0' });
  const handlers = handlersByPath(routerOptions(context, log, config.maxRequestBytes), [
    routesOf(told('general')),
  ]);
  const health = createHealth(context, new AbortController().signal);
  const parts = { handlers, rpcs: told('short'), context, health, newRequestId: randomUUID, log };
  const handler = createHttpHandler(parts, { ...config, limits: config });
  const server = await startServer({ ...config, tls: null }, handler, log);
  t.after(server.close);
  return { baseUrl: `http://127.0.0.1:${server.port}`, taken, ...(await addPool(served)) };
}

const TRANSPORTS: Readonly<Record<string, (baseUrl: string) => Transport>> = {
  'as JSON over HTTP/1.1': (baseUrl) =>
    createConnectTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: false }),
  'by gRPC over HTTP/2': (baseUrl) => createGrpcTransport({ baseUrl }),
};

for (const [name, transportTo] of Object.entries(TRANSPORTS))
  it(`a call ${name} takes the short path, and one of an unusual form the general path`, async (t) => {
    const { baseUrl, taken, feature, token } = await servePaths(t);
    const client = createClient(KeyPoolService, transportTo(baseUrl));
    const headers = { Authorization: `Bearer ${token}` };
    await client.drawKey({ feature }, { headers });
    await client.getAvailability({ feature }, { headers });
    assert.deepEqual(taken, ['short', 'short']);
    await client.drawKey({ feature }, { headers: { ...headers, Expect: '100-continue' } });
    assert.deepEqual(taken, ['short', 'short', 'general']);
  });
