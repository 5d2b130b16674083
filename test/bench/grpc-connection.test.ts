import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type GrpcConnection, grpcCall, grpcConnection } from '../../bench/load/grpc.ts';

const MESSAGE = Buffer.from('the message');
const CALL = {
  headers: { ':path': '/a.B/C', 'content-type': 'application/grpc', authorization: 'Bearer t' },
};

function answer(stream: ServerHttp2Stream, trailers: Record<string, string>, body = MESSAGE): void {
  stream.once('wantTrailers', () => stream.sendTrailers(trailers));
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.end(body);
}

describe('the gRPC load: a connection', () => {
  let server: Http2Server;
  let port: number;
  let connection: GrpcConnection;
  const serve = (take: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void): void => {
    server.on('session', (session: ServerHttp2Session) => session.on('stream', take));
  };
  const call = (bytes = MESSAGE): Promise<boolean> =>
    new Promise((resolve) => connection.send(grpcCall({ ...CALL, bytes }, port), resolve));

  beforeEach(async () => {
    server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
    connection = grpcConnection(port);
  });
  afterEach(async () => {
    connection.close();
    server.close();
    await once(server, 'close');
  });

  it('sends a call as it was asked for', async () => {
    const seen: unknown[] = [];
    serve(async (stream, headers) => {
      seen.push(headers[':method'], headers[':scheme'], headers[':path'], headers.authorization);
      seen.push((await buffer(stream)).toString());
      answer(stream, { 'grpc-status': '0' });
    });
    assert.equal(await call(), true);
    assert.deepEqual(seen, ['POST', 'http', '/a.B/C', 'Bearer t', 'the message']);
  });

  it('tells which calls ended well, many at a time and more than the windows hold', async () => {
    // Answers come in pieces, and together take many times what may be sent at once.
    const body = Buffer.alloc(20_000, 'x');
    serve((stream, headers) => {
      stream.resume();
      const status = String(headers.authorization).endsWith('well') ? '0' : '8';
      stream.on('end', () => answer(stream, { 'grpc-status': status, 'grpc-message': 'said' }, body));
    });
    const asked = Array.from({ length: 200 }, (_, i) => i % 3 === 0);
    const told = asked.map((isWell) => {
      const headers = { ...CALL.headers, authorization: isWell ? 'well' : 'badly' };
      const call = grpcCall({ headers, bytes: Buffer.alloc(200) }, port);
      return new Promise((resolve) => connection.send(call, resolve));
    });
    assert.deepEqual(await Promise.all(told), asked);
  });

  it('tells of a call that the server refuses, resets or leaves unfinished', async () => {
    const ends: ((stream: ServerHttp2Stream) => void)[] = [
      (stream) => stream.respond({ ':status': 200, 'grpc-status': '16' }, { endStream: true }),
      (stream) => stream.close(2),
      (stream) => {
        stream.respond({ ':status': 200 });
        stream.end();
      },
      (stream) => stream.session?.destroy(),
    ];
    serve((stream) => {
      stream.on('error', () => {});
      ends.shift()?.(stream);
    });
    for (const _ of [...ends]) assert.equal(await call(), false);
    assert.equal(await call(), false, 'whoever calls on a connection that is gone is told so');
  });
});
