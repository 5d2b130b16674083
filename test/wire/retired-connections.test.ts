import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { HttpRequest, HttpResponse } from '../../src/transport/http/message.ts';
import { createHttp1 } from '../../src/transport/server/http1.ts';
import { eventually } from '../support/eventually.ts';
import { connectTo } from './raw-connection.ts';

const LONG_MS = 60_000;
/** More than the system keeps for a reader that does not read. */
const LARGE_BYTES = 24 * 1024 * 1024;

function request(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
}

/** Connections of HTTP/1.1 whose requests are answered by hand. */
async function scene(t: TestContext) {
  const responses = new Map<string, HttpResponse>();
  const handler = Object.assign(
    ({ url = '' }: HttpRequest, response: HttpResponse): void => {
      responses.set(url, response);
    },
    { takeStream: () => false, refuseUnread: () => ({ requestId: '', body: '' }) },
  );
  const { server, retire } = createHttp1(
    {
      host: '127.0.0.1',
      port: 0,
      tls: null,
      headersTimeoutMs: LONG_MS,
      requestTimeoutMs: LONG_MS,
      keepAliveTimeoutMs: LONG_MS,
      shutdownTimeoutMs: LONG_MS,
    },
    handler,
  );
  const acceptor = createServer((socket) => server.emit('connection', socket));
  acceptor.listen(0, '127.0.0.1');
  await once(acceptor, 'listening');
  t.after(() => {
    server.closeAllConnections();
    acceptor.close();
    server.close();
  });
  const address = acceptor.address();
  const connection = await connectTo(typeof address === 'object' && address !== null ? address.port : 0);
  t.after(() => connection.socket.destroy());
  return {
    connection,
    retire,
    response: (path: string) => eventually(`${path} came in`, () => responses.get(path) ?? null),
  };
}

describe('connections over HTTP/1.1 that are to end', () => {
  it('answer all of the requests that are under way on them, in their order', async (t) => {
    const { connection, retire, response } = await scene(t);
    connection.send(request('/a') + request('/b') + request('/c'));
    const [a, b, c] = [await response('/a'), await response('/b'), await response('/c')];
    retire();
    c.end('third');
    a.end('first');
    b.end('second');
    const raw = await connection.closed;
    assert.deepEqual(raw.match(/first|second|third/g), ['first', 'second', 'third']);
    assert.equal(raw.match(/Connection: close/gi)?.length, 1);
  });

  it('take their answers to the end, also to a reader that is slow', async (t) => {
    const { connection, retire, response } = await scene(t);
    connection.socket.pause();
    connection.send(request('/large'));
    const large = await response('/large');
    large.end('x'.repeat(LARGE_BYTES));
    retire();
    connection.socket.resume();
    const raw = await connection.closed;
    assert.equal(raw.length - raw.indexOf('\r\n\r\n') - 4, LARGE_BYTES);
  });

  it('end at once when nothing is under way', async (t) => {
    const { connection, retire, response } = await scene(t);
    connection.send(request('/one'));
    (await response('/one')).end('done');
    await eventually('it is answered', () => (connection.received().includes('done') ? true : null));
    retire();
    assert.match(await connection.closed, /done$/);
  });
});
