import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Code, ConnectError, durationFromMs, keypoolErrorOf } from '../../src/client/exports.ts';
import { EVERY_CLIENT } from './every-client.ts';
import { type Keypool, startKeypool } from './keypool.ts';

let keypool: Keypool;
before(async () => {
  keypool = await startKeypool();
});
after(() => keypool?.stop());

async function codeOf(work: Promise<unknown>): Promise<Code> {
  return work.then(
    () => assert.fail('it went on'),
    (error: unknown) => ConnectError.from(error).code,
  );
}

for (const { name, create } of EVERY_CLIENT)
  describe(name, () => {
    it('waits for a key as long as its server, and is told when none frees', async () => {
      const { feature } = await keypool.addPool({ perHour: 1 });
      const { keyPool } = create({ baseUrl: keypool.url, token: keypool.token });
      const maxWait = durationFromMs(5000);
      await keyPool.drawKey({ feature, maxWait });
      const refused = await keyPool.drawKey({ feature, maxWait }).catch(keypoolErrorOf);
      assert.ok(refused !== null && 'reason' in refused && refused.reason === 'POOL_EXHAUSTED');
    });

    it('watches as long as it reads, and no longer than it is open', async () => {
      const { feature } = await keypool.addPool();
      const client = create({ baseUrl: keypool.url, token: keypool.token });
      for await (const { availableKeys } of client.keyPool.watchAvailability({ feature })) {
        assert.equal(availableKeys, 1);
        break;
      }
      const watch = client.keyPool.watchAvailability({ feature })[Symbol.asyncIterator]();
      await watch.next();
      const next = codeOf(watch.next());
      client.close();
      assert.equal(await next, Code.Canceled);
    });
  });
