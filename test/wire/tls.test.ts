import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { createClient, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { KeyPoolService } from '../../gen/keypool/v1/key_pool_service_pb.ts';
import { selfSigned } from '../client/self-signed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { connectTo, timed } from './raw-connection.ts';
import { addPool, type Pool, type Served, serve } from './served.ts';

const { cert, key } = selfSigned();

describe('a service with a certificate', () => {
  const closing = new AsyncDisposableStack();
  let served: Served;
  let pool: Pool;
  let files: Readonly<Record<string, string>>;
  before(async () => {
    const folder = await temporaryFolder();
    closing.defer(() => folder.remove());
    await writeFile(folder.file('cert.pem'), cert);
    await writeFile(folder.file('key.pem'), key);
    files = { TLS_CERT_FILE: folder.file('cert.pem'), TLS_KEY_FILE: folder.file('key.pem') };
    served = await serve({
      ...files,
      HEADERS_TIMEOUT: '500ms',
    });
    closing.use(served);
    pool = await addPool(served);
  });
  after(() => closing.disposeAsync());

  const draws = async (transport: Transport) => {
    const headers = { Authorization: `Bearer ${pool.token}` };
    const drawn = await createClient(KeyPoolService, transport).drawKey(
      { feature: pool.feature },
      { headers },
    );
    assert.equal(drawn.value, pool.value);
  };

  it('serves HTTP/2 and HTTP/1.1 from one port', async () => {
    assert.match(served.url, /^https:/);
    const baseUrl = served.url;
    await draws(createGrpcTransport({ baseUrl, nodeOptions: { ca: cert } }));
    await draws(createConnectTransport({ baseUrl, httpVersion: '2', nodeOptions: { ca: cert } }));
    await draws(createConnectTransport({ baseUrl, httpVersion: '1.1', nodeOptions: { ca: cert } }));
  });

  it('serves HTTP/1.1 to a client that negotiates nothing', async () => {
    const socket = connectTls({ port: served.port, host: '127.0.0.1', ca: cert });
    await once(socket, 'secureConnect');
    socket.write('GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const [answer] = await once(socket, 'data');
    assert.match(String(answer), /^HTTP\/1\.1 200 OK/);
    socket.destroy();
  });

  it('ends connections in the middle of a handshake when it is closed', async () => {
    await using closed = await serve({ ...files, HEADERS_TIMEOUT: '30s', SHUTDOWN_TIMEOUT: '30s' });
    await using silent = await connectTo(closed.port);
    // Accepted after that one.
    const socket = connectTls({ port: closed.port, host: '127.0.0.1', ca: cert });
    await once(socket, 'secureConnect');
    assert.ok((await timed(closed.close())) < 5000);
    await silent.closed;
    socket.destroy();
  });

  it('closes connections that do not speak TLS, and those that say nothing', async () => {
    await using garbage = await connectTo(served.port);
    garbage.send('GET /livez HTTP/1.1\r\nHost: a\r\n\r\n');
    await using silent = await connectTo(served.port);
    assert.doesNotMatch(await garbage.closed, /200/);
    await silent.closed;
    await draws(createGrpcTransport({ baseUrl: served.url, nodeOptions: { ca: cert } }));
  });
});
