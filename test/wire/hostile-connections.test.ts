import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import { after, before, describe, it } from 'node:test';
import { callJson, toldError } from './json-call.ts';
import { CONTINUATION, connectTo, frame, HEADERS, PREFACE, SETTINGS, timed } from './raw-connection.ts';
import { addPool, type Pool, type Served, serve } from './served.ts';

const HEADERS_TIMEOUT_MS = 600;
/** Checks come round every quarter of the limit; the rest is for a busy machine. */
const CLOSED_BY_MS = 5000;

const bodyOf = (raw: string) => JSON.parse(raw.slice(raw.indexOf('\r\n\r\n') + 4));

describe('a connection that is up to no good', () => {
  let served: Served;
  let pool: Pool;
  before(async () => {
    served = await serve({
      HEADERS_TIMEOUT: `${HEADERS_TIMEOUT_MS}ms`,
      KEEP_ALIVE_TIMEOUT: '600ms',
      REQUEST_TIMEOUT: '1s',
      MAX_REQUEST_BYTES: '1000000',
    });
    pool = await addPool(served);
  });
  after(async () => {
    const answer = await callJson(served, 'KeyPoolService/DrawKey', { feature: pool.feature });
    assert.equal(answer.body.value, pool.value);
    assert.deepEqual(
      served.log.filter(({ level }) => level === 'error'),
      [],
    );
    await served.close();
  });

  describe('beside others like it', { concurrency: true }, () => {
    it('is closed when it says nothing', async () => {
      await using connection = await connectTo(served.port);
      assert.ok((await timed(connection.closed)) < CLOSED_BY_MS);
      assert.equal(await connection.closed, '');
    });

    it('is closed when it says half of a preface', async () => {
      await using connection = await connectTo(served.port);
      connection.send('PR');
      assert.ok((await timed(connection.closed)) < CLOSED_BY_MS);
    });

    it('is answered 400 when it sends garbage, and closed', async () => {
      for (const garbage of [
        'hello\r\n\r\n',
        '\0\0\0\0\0\r\n\r\n',
        '\x16\x03\x01\x02\x00\x01',
        'GET / HTTP/1.1\r\nno header\r\n\r\n',
        'POST / HTTP/9.9\r\n\r\n',
      ]) {
        await using connection = await connectTo(served.port);
        connection.send(Buffer.from(garbage, 'latin1'));
        const raw = await connection.closed;
        assert.match(raw, /^HTTP\/1\.1 400 Bad Request\r\n/, JSON.stringify(garbage));
        const { reason, metadata } = toldError({ body: bodyOf(raw) });
        assert.equal(reason, 'INVALID_REQUEST');
        assert.match(raw, new RegExp(`^X-Request-Id: ${metadata.request_id}\r$`, 'm'));
        assert.ok(served.log.some(({ fields }) => fields.request_id === metadata.request_id));
      }
    });

    it('is closed when its request head does not end', async () => {
      await using connection = await connectTo(served.port);
      connection.send('POST /keypool.v1.KeyPoolService/DrawKey HTTP/1.1\r\nHost: a\r\n');
      const drip = setInterval(() => connection.send('X-Slow: a\r\n'), 50);
      const tookMs = await timed(connection.closed);
      clearInterval(drip);
      assert.ok(tookMs >= HEADERS_TIMEOUT_MS - 50 && tookMs < CLOSED_BY_MS, String(tookMs));
      assert.match(await connection.closed, /^HTTP\/1\.1 408 /);
    });

    it('is closed when its request body does not end', async () => {
      await using connection = await connectTo(served.port);
      const head = [
        'POST /keypool.v1.KeyPoolService/DrawKey HTTP/1.1',
        'Host: a',
        `X-API-Key: ${pool.token}`,
      ];
      connection.send(
        `${[...head, 'Content-Type: application/json', 'Content-Length: 50'].join('\r\n')}\r\n\r\n{`,
      );
      assert.ok((await timed(connection.closed)) < CLOSED_BY_MS);
      const raw = await connection.closed;
      assert.match(raw, /^HTTP\/1\.1 504 /);
      assert.equal(raw.match(/^HTTP\/1\.1 /gm)?.length, 1);
    });

    it('is answered 431 when its request head is too large', async () => {
      await using connection = await connectTo(served.port);
      connection.send(`GET /health HTTP/1.1\r\nHost: a\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`);
      assert.match(await connection.closed, /^HTTP\/1\.1 431 /);
    });

    it('is closed when it speaks HTTP/2 but never sends its settings', async () => {
      await using connection = await connectTo(served.port);
      connection.send(PREFACE);
      assert.ok((await timed(connection.closed)) < CLOSED_BY_MS);
    });

    it('is closed when its HTTP/2 request head does not end', async () => {
      await using connection = await connectTo(served.port);
      connection.send(PREFACE);
      connection.send(frame(SETTINGS, 0, 0));
      // A literal header field that is never finished, so that the block goes on and on.
      connection.send(frame(HEADERS, 0, 1, Buffer.from([0x00, 0x01, 0x61])));
      const drip = setInterval(() => connection.send(frame(CONTINUATION, 0, 1, Buffer.from([]))), 50);
      const tookMs = await timed(connection.closed);
      clearInterval(drip);
      assert.ok(tookMs < CLOSED_BY_MS, String(tookMs));
    });

    it('is closed when its HTTP/2 session stays idle', async () => {
      const session = connectHttp2(served.url);
      await once(session, 'connect');
      assert.ok((await timed(once(session, 'close'))) < CLOSED_BY_MS);
    });

    it('is closed when it does not answer whether it is still there', async () => {
      await using connection = await connectTo(served.port);
      connection.send(PREFACE);
      connection.send(frame(SETTINGS, 0, 0));
      // :method POST, :scheme http, :path of a call whose body never ends, all the while nothing is answered.
      const path = Buffer.from('/grpc.health.v1.Health/Watch');
      connection.send(frame(HEADERS, 4, 1, Buffer.from([0x83, 0x86, 0x04, path.length, ...path])));
      assert.ok((await timed(connection.closed)) < CLOSED_BY_MS);
    });
  });

  it('is closed when it never takes its answers', async () => {
    await using pipelining = await connectTo(served.port);
    pipelining.socket.pause();
    pipelining.send('GET /health HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(50_000));
    // It only learns of the end by what it sends.
    const drip = setInterval(() => pipelining.send('GET /health HTTP/1.1\r\nHost: a\r\n\r\n'), 50);
    const session = connectHttp2(served.url, { settings: { initialWindowSize: 0 } });
    session.on('error', () => {});
    const stream = session.request({ ':path': '/health' });
    stream.on('error', () => {});
    // Not by `once`: a reset on the way is an end too.
    const closed = new Promise((resolve) => session.once('close', resolve));
    const tookMs = await timed(Promise.all([pipelining.closed, closed])).finally(() => clearInterval(drip));
    assert.ok(tookMs < 2 * CLOSED_BY_MS, String(tookMs));
  });

  it('is closed when it resets stream after stream', async () => {
    const session = connectHttp2(served.url);
    session.on('error', () => {});
    const gone = new Promise((resolve) => session.once('close', resolve));
    let sent = 0;
    const flood = () => {
      for (let i = 0; i < 200 && !session.closed && sent < 20_000; i += 1, sent += 1) {
        const stream = session.request({ ':method': 'POST', ':path': '/keypool.v1.KeyPoolService/DrawKey' });
        stream.on('error', () => {});
        stream.close(constants.NGHTTP2_CANCEL);
      }
      if (!session.closed && sent < 20_000) setImmediate(flood);
    };
    flood();
    await gone;
    assert.ok(sent < 20_000, `${sent} streams were reset`);
  });
});
