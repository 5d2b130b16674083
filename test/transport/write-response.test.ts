import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { it } from 'node:test';
import { writeStream } from '../../src/transport/http/write-response.ts';

const CHUNK = new Uint8Array(1_000_000);

it('a stream that its caller does not read is ended, and nothing more is asked of its source', async (t) => {
  let asked = 0;
  let isOver = false;
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        asked += 1;
        yield CHUNK;
      }
    } finally {
      isOver = true;
    }
  }
  const written = Promise.withResolvers<void>();
  const server = createServer((_request, response) => {
    const from = { status: 200, header: new Headers(), body: source() };
    writeStream(from, response, 50).then(written.resolve, written.reject);
  });
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
  await written.promise;
  assert.ok(isOver);
  assert.ok(asked < 100, `${asked} chunks were taken`);
});
