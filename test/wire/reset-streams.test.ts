import { once } from 'node:events';
import { type ClientHttp2Session, constants } from 'node:http2';
import { it } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { callJson } from './json-call.ts';
import { serve } from './served.ts';
import { connectHttp2 } from './short-path/exchange.ts';

const PLACES = 8;
const PATH = '/keypool.v1.AuthService/WhoAmI';

/** Begins and resets a stream, both in one packet: its head is still to be looked at when it is gone. */
async function beginAndReset(session: ClientHttp2Session, headers: Record<string, string>): Promise<void> {
  const stream = session.request({ ':path': PATH, ...headers });
  stream.on('error', () => {});
  stream.close(constants.NGHTTP2_CANCEL);
  await once(stream, 'close');
}

const REQUESTS: readonly Readonly<Record<string, string>>[] = [
  { ':method': 'HEAD' },
  { ':method': 'GET' },
  { ':method': 'POST', expect: '100-continue' },
  { ':method': 'POST', 'content-type': 'application/json' },
];

for (const headers of REQUESTS)
  it(`Streams that are reset as they come leave their places: ${Object.values(headers).join(' ')}`, async () => {
    await using served = await serve({ MAX_CONCURRENT_REQUESTS: String(PLACES) });
    const session = await connectHttp2(served.port);
    await Promise.all(Array.from({ length: 2 * PLACES }, () => beginAndReset(session, headers)));
    await new Promise((resolve) => session.ping(resolve));
    const whoAmI = async () => (await callJson(served, 'AuthService/WhoAmI', {})).status === 200 || null;
    await eventually('there is room', whoAmI);
    session.destroy();
  });
