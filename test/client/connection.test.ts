import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Code, createKeypoolClient, type KeypoolProtocol } from '../../src/client/node.ts';
import { type Keypool, startKeypool } from './keypool.ts';
import { proxyTo } from './tcp.ts';

const PROTOCOLS: readonly KeypoolProtocol[] = ['connect', 'grpc', 'grpc-web'];
const CALLS = 100;

let keypool: Keypool;
before(async () => {
  keypool = await startKeypool();
});
after(() => keypool?.stop());

describe('the HTTP/2 connection of keypool/client', () => {
  for (const protocol of PROTOCOLS) {
    it(`is one for all calls, side by side and one after another: ${protocol}`, async () => {
      await using proxy = await proxyTo(keypool.url);
      const client = createKeypoolClient({ baseUrl: proxy.url, token: keypool.token, protocol });
      const { feature } = await keypool.addPool();
      const draws = Array.from({ length: CALLS }, () => client.keyPool.drawKey({ feature }));
      const ids = new Set((await Promise.all(draws)).map(({ drawId }) => drawId));
      await client.auth.whoAmI({});
      client.close();
      assert.equal(ids.size, CALLS);
      assert.equal(proxy.accepted(), 1);
    });
  }

  it('is opened anew after it broke', async () => {
    await using proxy = await proxyTo(keypool.url);
    const client = createKeypoolClient({ baseUrl: proxy.url, token: keypool.token });
    await client.auth.whoAmI({});
    proxy.cut();
    // This one may still go out on the broken connection.
    await client.auth.whoAmI({}).catch((error) => assert.equal(error.code, Code.Unavailable));
    await client.auth.whoAmI({});
    client.close();
    assert.equal(proxy.accepted(), 2);
  });
});
