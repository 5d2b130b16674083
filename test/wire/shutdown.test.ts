import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { Health, HealthCheckResponse_ServingStatus as Serving } from '../../gen/grpc/health/v1/health_pb.ts';
import { ServerReflection } from '../../gen/grpc/reflection/v1/reflection_pb.ts';
import { eventually } from '../support/eventually.ts';
import { connectTo, type RawConnection, timed } from './raw-connection.ts';
import { addPool, type Pool, type Served, serve } from './served.ts';

const PATH = '/keypool.v1.KeyPoolService/DrawKey';

/** Begins a draw over HTTP/1.1, and resolves when the service has read its head. */
async function beginDraw(served: Served, pool: Pool, body: string): Promise<RawConnection> {
  const connection = await connectTo(served.port);
  const head = [
    `POST ${PATH} HTTP/1.1`,
    'Host: a',
    `X-API-Key: ${pool.token}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'Expect: 100-continue',
  ];
  connection.send(`${head.join('\r\n')}\r\n\r\n`);
  await eventually('the head is read', () => (connection.received().includes('100 Continue') ? true : null));
  return connection;
}

/** Resolves when the service has worked on all that was sent before. */
function roundTrip(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    session.ping((error) => (error === null ? resolve() : reject(error)));
  });
}

describe('a service that is closed', () => {
  it('finishes a call under way over HTTP/1.1, and closes its connection', async () => {
    await using served = await serve();
    const pool = await addPool(served);
    const body = JSON.stringify({ feature: pool.feature });
    await using connection = await beginDraw(served, pool, body);
    const closing = served.close();
    connection.send(body);
    const raw = await connection.closed;
    assert.match(raw, /HTTP\/1\.1 200 OK/);
    assert.match(raw, /Connection: close/i);
    assert.match(raw, new RegExp(pool.value));
    await closing;
  });

  it('finishes a call under way over HTTP/2, and says that there is no more', async () => {
    await using served = await serve();
    const pool = await addPool(served);
    const session = connectHttp2(served.url);
    await once(session, 'connect');
    const headers = {
      ':method': 'POST',
      ':path': PATH,
      'x-api-key': pool.token,
      'content-type': 'application/json',
    };
    const stream = session.request(headers);
    stream.write('{"feature":');
    await roundTrip(session);
    const goaway = once(session, 'goaway');
    const closing = served.close();
    await goaway;
    assert.ok(session.closed || session.destroyed);
    stream.end(`"${pool.feature}"}`);
    assert.match(await text(stream), new RegExp(pool.value));
    await closing;
  });

  it('ends idle connections at once, and takes no new ones', async () => {
    await using served = await serve();
    await using idle = await connectTo(served.port);
    idle.send('GET /livez HTTP/1.1\r\nHost: a\r\n\r\n');
    await eventually('the answer', () => (idle.received().includes('live') ? true : null));
    await using silent = await connectTo(served.port);
    assert.ok((await timed(served.close())) < 2000);
    await Promise.all([idle.closed, silent.closed]);
    await assert.rejects(connectTo(served.port), { code: 'ECONNREFUSED' });
  });

  it('cuts off what does not finish in time', async () => {
    await using served = await serve({ SHUTDOWN_TIMEOUT: '300ms' });
    const pool = await addPool(served);
    await using connection = await beginDraw(served, pool, '{"feature":"never sent"}');
    const tookMs = await timed(served.close());
    assert.ok(tookMs >= 290 && tookMs < 3000, String(tookMs));
    assert.doesNotMatch(await connection.closed, /HTTP\/1\.1 200/);
  });

  it('ends the streams of reflection at once', async () => {
    await using served = await serve();
    const client = createClient(ServerReflection, createGrpcTransport({ baseUrl: served.url }));
    const asked = Promise.withResolvers<void>();
    async function* questions() {
      yield { messageRequest: { case: 'listServices' as const, value: '' } };
      await asked.promise;
    }
    let closing = Promise.resolve(0);
    for await (const _ of client.serverReflectionInfo(questions())) closing = timed(served.close());
    assert.ok((await closing) < 5000);
    asked.resolve();
  });

  it('tells those who watch its health, and ends their streams', async () => {
    await using served = await serve();
    const client = createClient(Health, createGrpcTransport({ baseUrl: served.url }));
    const told: number[] = [];
    let closing = Promise.resolve();
    for await (const { status } of client.watch({ service: 'keypool.v1.KeyPoolService' })) {
      if (told.push(status) === 1) closing = served.close();
    }
    assert.deepEqual(told, [Serving.SERVING, Serving.NOT_SERVING]);
    await closing;
  });
});
