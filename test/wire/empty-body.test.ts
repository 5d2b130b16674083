import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it } from 'node:test';
import { serve } from './served.ts';
import { connectHttp2 } from './short-path/exchange.ts';

const SESSIONS = 30;

it('A message without any bytes is answered, also the first on a connection', async () => {
  await using served = await serve();
  for (let i = 0; i < SESSIONS; i += 1) {
    const session = await connectHttp2(served.port);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/keypool.v1.AuthService/WhoAmI',
      'content-type': 'application/proto',
      authorization: `Bearer ${served.adminToken}`,
    });
    stream.end();
    const [headers] = await once(stream, 'response');
    assert.equal(headers[':status'], 200);
    stream.resume();
    await once(stream, 'close');
    session.close();
  }
});
