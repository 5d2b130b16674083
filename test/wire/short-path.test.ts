import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { ClientHttp2Session } from 'node:http2';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { drawKey } from '../../src/domain/draw-key.ts';
import { connectTo } from './raw-connection.ts';
import { addPool } from './served.ts';
import { type BothPaths, serveBothPaths } from './short-path/both-paths.ts';
import { connectHttp2, overHttp1, overHttp2, steady, type WireRequest } from './short-path/exchange.ts';
import { type About, strangeRequest } from './short-path/strange-requests.ts';

const MAX_BYTES = 2000;
const RUNS = 1500;

/** Compares all that is said of a request, whichever path it took, but for its id and how long it took. */
function loggedOf(lines: BothPaths['general']['log']): readonly string[] {
  return lines
    .filter(({ message }) => message === 'request')
    .map(({ fields }) => JSON.stringify({ ...fields, request_id: '', duration_ms: 0 }))
    .sort();
}

describe('the short path', () => {
  let both: BothPaths;
  let about: About;
  before(async () => {
    both = await serveBothPaths({
      MAX_REQUEST_BYTES: String(MAX_BYTES),
      CORS_ORIGINS: 'https://app.example',
    });
    const { served } = both;
    const pool = await addPool(served);
    const spent = await addPool(served, { perHour: 1 });
    const draw = { feature: spent.feature, units: 1, tierId: null, requestId: null };
    await drawKey(
      served.context,
      { identity: { kind: 'root' }, requestId: 'arrange', peerAddress: '' },
      draw,
    );
    about = {
      feature: pool.feature,
      spent: spent.feature,
      token: pool.token,
      adminToken: served.adminToken,
      maxBytes: MAX_BYTES,
    };
  });
  after(() => both[Symbol.asyncDispose]());

  /** Sends many strange requests to both, and expects the same answer of both to each. */
  async function compare(
    send: (to: 'short' | 'general', request: WireRequest) => Promise<unknown>,
  ): Promise<void> {
    const property = fc.asyncProperty(strangeRequest(about), async (request) => {
      const [short, general] = await Promise.all([send('short', request), send('general', request)]);
      assert.deepEqual(short, general);
    });
    await fc.assert(property, { numRuns: RUNS, seed: randomBytes(4).readInt32BE() });
  }

  it('answers as the general path does over HTTP/1.1', async () => {
    await compare((to, request) => overHttp1(both[to].port, request));
  });

  it('answers as the general path does over HTTP/2', async () => {
    const sessions: Record<'short' | 'general', ClientHttp2Session> = {
      short: await connectHttp2(both.short.port),
      general: await connectHttp2(both.general.port),
    };
    await compare((to, request) => overHttp2(sessions[to], request));
    for (const session of Object.values(sessions)) session.close();
  });

  it('answers calls that come in one packet in their order', async () => {
    const body = JSON.stringify({ feature: about.feature });
    const head = [
      'POST /keypool.v1.KeyPoolService/DrawKey HTTP/1.1',
      'Host: keypool',
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      `Authorization: Bearer ${about.token}`,
    ];
    const [first, second, last] = ['a', 'b', 'c'].map(
      (id) =>
        `${head.join('\r\n')}\r\nX-Request-Id: ${id}\r\n${id === 'c' ? 'Connection: close\r\n' : ''}\r\n${body}`,
    );
    const answers: string[] = [];
    for (const { port } of [both.short, both.general]) {
      await using connection = await connectTo(port);
      connection.send(`${first}${second}${last}`);
      answers.push(steady(await connection.closed).replaceAll(/Date: .*/g, ''));
    }
    assert.deepEqual(answers[0]?.match(/(?<=X-Request-Id: )./g), ['a', 'b', 'c']);
    assert.equal(answers[0], answers[1]);
  });

  it('logs what the general path does', async () => {
    await both[Symbol.asyncDispose]();
    assert.deepEqual(loggedOf(both.short.log), loggedOf(both.general.log));
  });
});
