import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { callJson, refused, toldError } from './json-call.ts';
import { connectTo } from './raw-connection.ts';
import { addPool, type Pool, type Served, serve } from './served.ts';

const PATH = '/keypool.v1.KeyPoolService/DrawKey';

describe('a body that is too much or too little', () => {
  let served: Served;
  let pool: Pool;
  before(async () => {
    served = await serve({ MAX_REQUEST_BYTES: '1000000' });
    pool = await addPool(served);
  });
  after(async () => {
    const answer = await callJson(served, 'KeyPoolService/DrawKey', { feature: pool.feature });
    assert.equal(answer.body.value, pool.value);
    await served.close();
  });

  const post = (headers: Readonly<Record<string, string>>, body: Uint8Array<ArrayBuffer>) =>
    fetch(`${served.url}${PATH}`, { method: 'POST', headers: { 'X-API-Key': pool.token, ...headers }, body });

  it('is refused as a gRPC message that is cut short or promises too much', async () => {
    const bodies = [[0, 0, 0, 0, 9, 1], [0, 0, 0], [0, 0xff, 0xff, 0xff, 0xff, 1], [1, 0, 0, 0, 1, 1], []];
    for (const body of bodies) {
      const response = await post({ 'Content-Type': 'application/grpc-web+proto' }, Uint8Array.from(body));
      const text = Buffer.from(await response.arrayBuffer()).toString('latin1');
      assert.match(text, /grpc-status: (3|8)\r\n/, `${body}`);
      assert.match(text, /grpc-status-details-bin: /);
    }
  });

  it('is refused as 10 MB at once', async () => {
    const large = { feature: 'x'.repeat(10_000_000) };
    const error = refused(await callJson(served, 'KeyPoolService/DrawKey', large), 429, 'REQUEST_TOO_LARGE');
    assert.equal(error.metadata.bytes_max, '1000000');
  });

  it('is refused as 10 MB in pieces that do not tell how many there are', async () => {
    await using connection = await connectTo(served.port);
    const head = [
      `POST ${PATH} HTTP/1.1`,
      'Host: a',
      `X-API-Key: ${pool.token}`,
      'Content-Type: application/json',
    ];
    connection.send(`${[...head, 'Transfer-Encoding: chunked', 'Connection: close'].join('\r\n')}\r\n\r\n`);
    const piece = `${(100_000).toString(16)}\r\n${'x'.repeat(100_000)}\r\n`;
    for (let i = 0; i < 100; i += 1) connection.send(piece);
    connection.send('0\r\n\r\n');
    const raw = await connection.closed;
    assert.match(raw, /^HTTP\/1\.1 429 /);
    const body = JSON.parse(raw.slice(raw.indexOf('\r\n\r\n') + 4));
    assert.equal(toldError({ body }).reason, 'REQUEST_TOO_LARGE');
  });

  it('is refused when it grows too large as it is decompressed', async () => {
    const bomb = new Blob([`{"feature":"${'x'.repeat(5_000_000)}"}`]).stream();
    const small = await new Response(bomb.pipeThrough(new CompressionStream('gzip'))).bytes();
    const response = await post({ 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }, small);
    assert.equal(toldError({ body: await response.json() }).reason, 'REQUEST_TOO_LARGE');
  });

  it('is taken compressed where it is within bounds', async () => {
    const body = new Blob([JSON.stringify({ feature: pool.feature })]).stream();
    const small = await new Response(body.pipeThrough(new CompressionStream('gzip'))).bytes();
    const response = await post({ 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }, small);
    assert.equal((await response.json()).value, pool.value);
  });
});
