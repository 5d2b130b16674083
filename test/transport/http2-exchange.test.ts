import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { it } from 'node:test';
import { http2Exchange } from '../../src/transport/short-path/over-http2.ts';

const EVENTS = ['data', 'end', 'error', 'wantTrailers', 'close'];

it('A stream that has closed keeps hold of nothing of its call, whoever has listened to it', async (t) => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.after(() => {
    session.destroy();
    server.close();
  });
  const serving = new Promise<{ stream: ServerHttp2Stream; later: string[] }>((resolve) => {
    server.on('session', (own: ServerHttp2Session) =>
      own.on('stream', (stream) => {
        const later: string[] = [];
        const exchange = http2Exchange(stream, (error) => assert.fail(String(error)));
        exchange.onClose(() => later.push(exchange.outcome().finished ? 'finished' : 'broken off'));
        // As the general path would, to which a call was handed over.
        stream.on('close', () => later.push('others are told as well'));
        stream.on('close', () => setImmediate(resolve, { stream, later }));
        exchange.readBody(100, {
          onTooLong: assert.fail,
          onEnd: (body) =>
            exchange.send({ status: 200, header: ['x-kind', 'a'], body, trailer: { 'grpc-status': '0' } }),
        });
      }),
    );
  });
  const call = session.request({ ':method': 'POST', ':path': '/a' });
  call.end('body');
  call.resume();
  const { stream, later } = await serving;
  assert.deepEqual(later, ['finished', 'others are told as well']);
  assert.deepEqual(
    EVENTS.filter((event) => stream.listenerCount(event) > 0),
    [],
  );
});
