import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { CallOptions } from '@connectrpc/connect';
import { Code, ConnectError, durationFromMs, keypoolErrorOf } from '../../src/client/exports.ts';
import { eventually } from '../support/eventually.ts';
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

    it('ends a watch that it leaves, here and at the server', async () => {
      const { feature } = await keypool.addPool();
      const client = create({ baseUrl: keypool.url, token: keypool.token });
      const id = randomUUID();
      const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
      const before = timers();
      const options = { timeoutMs: 3_600_000, headers: { 'x-request-id': id } };
      for await (const { availableKeys } of client.keyPool.watchAvailability({ feature }, options)) {
        assert.equal(availableKeys, 1);
        break;
      }
      await eventually('no deadline is left', () => (timers() === before ? true : null));
      await eventually('the server logs its end', () => (keypool.output().includes(id) ? true : null));
      assert.equal((await client.auth.whoAmI({})).scopes.length, 1);
      client.close();
    });

    it('watches no longer than its signal, its own time-out or the client allow', async () => {
      const { feature } = await keypool.addPool();
      const client = create({ baseUrl: keypool.url, token: keypool.token, timeoutMs: 50 });
      const second = async (options: CallOptions) => {
        const watch = client.keyPool.watchAvailability({ feature }, options)[Symbol.asyncIterator]();
        await watch.next();
        return codeOf(watch.next());
      };
      const caller = new AbortController();
      const left = second({ signal: caller.signal });
      const timed = second({ timeoutMs: 300 });
      const open = second({});
      assert.equal(await timed, Code.DeadlineExceeded);
      caller.abort();
      assert.equal(await left, Code.Canceled);
      client.close();
      assert.equal(await open, Code.Canceled);
      assert.equal(await codeOf(second({ signal: AbortSignal.abort() })), Code.Canceled);
    });
  });
