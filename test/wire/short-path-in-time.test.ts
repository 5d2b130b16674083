import assert from 'node:assert/strict';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { describe, it } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { DrawKeyRequestSchema } from '../../gen/keypool/v1/key_pool_service_pb.ts';
import { deleteConsumer } from '../../src/domain/delete-consumer.ts';
import { eventually } from '../support/eventually.ts';
import { isDraw } from '../support/listing.ts';
import { connectTo } from './raw-connection.ts';
import { addPool, type Pool, type Served, serve } from './served.ts';
import { serveContext } from './short-path/both-paths.ts';
import { connectHttp2 } from './short-path/exchange.ts';
import { holdDraws } from './short-path/held-draws.ts';

const PATH = '/keypool.v1.KeyPoolService/DrawKey';
const ADMIN = { identity: { kind: 'root' }, requestId: 'arrange', peerAddress: '127.0.0.1' } as const;

function jsonHead({ token }: Pool, bytes: number, timeoutMs = 20_000): string {
  const head = [
    `POST ${PATH} HTTP/1.1`,
    'Host: a',
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${bytes}`,
    `Connect-Timeout-Ms: ${timeoutMs}`,
    `Authorization: Bearer ${token}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n`;
}

function jsonDraw(pool: Pool, timeoutMs?: number): string {
  const body = JSON.stringify({ feature: pool.feature });
  return jsonHead(pool, body.length, timeoutMs) + body;
}

function grpcBody({ feature }: Pool): Buffer {
  const message = toBinary(DrawKeyRequestSchema, create(DrawKeyRequestSchema, { feature }));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([head, message]);
}

function beginGrpc(session: ClientHttp2Session, token: string, timeout = '20S'): ClientHttp2Stream {
  const headers = {
    ':method': 'POST',
    ':path': PATH,
    'content-type': 'application/grpc',
    'grpc-timeout': timeout,
    authorization: `Bearer ${token}`,
    te: 'trailers',
  };
  const stream = session.request(headers, { endStream: false });
  stream.resume();
  return stream;
}

/** The status and the words with which a call over gRPC ends. */
function trailersOf(stream: ClientHttp2Stream): Promise<string> {
  return new Promise((resolve) => {
    stream.once('trailers', (trailers) => resolve(JSON.stringify(trailers)));
  });
}

/** Resolves when the service has worked on all that was sent before. */
function roundTrip(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    session.ping((error) => (error === null ? resolve() : reject(error)));
  });
}

async function drawsOf({ context }: Served): Promise<readonly boolean[]> {
  const page = await context.store.listUsageEvents({}, { after: null, limit: 10 });
  return page.items.filter(isDraw).map(({ withheld }) => withheld);
}

async function codesOf(log: Served['log'], count: number): Promise<readonly unknown[]> {
  return await eventually('the calls are logged', () => {
    const codes = log.filter(({ message }) => message === 'request').map(({ fields }) => fields.code);
    return codes.length < count ? null : codes;
  });
}

for (const shortPath of [true, false])
  describe(`a call on the ${shortPath ? 'short' : 'general'} path`, () => {
    it('ends at its deadline while its body comes in', async () => {
      await using served = await serve();
      await using port = await serveContext(served.context, {}, shortPath);
      const pool = await addPool(served);
      await using connection = await connectTo(port.port);
      connection.send(`${jsonHead(pool, 100, 100)}{"feature"`);
      assert.match(await connection.closed, /^HTTP\/1\.1 504 [\s\S]*DEADLINE_EXCEEDED/);
      const session = await connectHttp2(port.port);
      const stream = beginGrpc(session, pool.token, '100m');
      stream.write(grpcBody(pool).subarray(0, 7));
      assert.match(await trailersOf(stream), /"grpc-status":"4"/);
      session.destroy();
    });

    it('is refused before its body comes in', async () => {
      await using served = await serve();
      await using port = await serveContext(served.context, {}, shortPath);
      const session = await connectHttp2(port.port);
      assert.match(await trailersOf(beginGrpc(session, 'nobody')), /"grpc-status":"16"/);
      session.destroy();
    });

    it('is refused when its caller is deleted before its body comes in', async () => {
      await using served = await serve();
      await using port = await serveContext(served.context, {}, shortPath);
      const pool = await addPool(served);
      const session = await connectHttp2(port.port);
      const stream = beginGrpc(session, pool.token);
      await roundTrip(session);
      await deleteConsumer(served.context, ADMIN, { id: pool.consumerId, etag: null });
      stream.end(grpcBody(pool));
      assert.match(await trailersOf(stream), /"grpc-status":"16"/);
      session.destroy();
    });

    it('whose deadline passes while its draw is settled gets no value, and its draw is marked', async () => {
      await using served = await serve();
      const held = holdDraws(served.context);
      await using port = await serveContext(held.context, {}, shortPath);
      const pool = await addPool(served);
      await using connection = await connectTo(port.port);
      connection.send(jsonDraw(pool, 100));
      const session = await connectHttp2(port.port);
      const stream = beginGrpc(session, pool.token, '100m');
      stream.end(grpcBody(pool));
      const [answer, trailers] = await Promise.all([connection.closed, trailersOf(stream)]);
      assert.match(answer, /^HTTP\/1\.1 504 [\s\S]*DEADLINE_EXCEEDED/);
      assert.match(trailers, /"grpc-status":"4"/);
      held.release();
      await eventually('the draws are marked', async () =>
        (await drawsOf(served)).every((withheld) => withheld) ? true : null,
      );
      assert.deepEqual(await codesOf(port.log, 2), ['deadline_exceeded', 'deadline_exceeded']);
      session.destroy();
    });

    it('whose caller goes while its draw is settled leaves no value unmarked', async () => {
      await using served = await serve();
      const held = holdDraws(served.context);
      await using port = await serveContext(held.context, {}, shortPath);
      const pool = await addPool(served);
      await using connection = await connectTo(port.port);
      connection.send(jsonDraw(pool));
      await held.settled;
      connection.socket.destroy();
      assert.deepEqual(await codesOf(port.log, 1), ['canceled']);
      held.release();
      await eventually('the draw is marked', async () => ((await drawsOf(served))[0] === true ? true : null));
    });
  });
