import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { startServer } from '../support/child-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { halfACall } from './half-a-call.ts';

describe('a server that is told to stop', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`by ${signal} closes its store and ends with code 0`, async () => {
      await using folder = await temporaryFolder();
      const env = { DATABASE_URL: `sqlite:${folder.file('keypool.db')}` };
      await using server = await startServer({ env });
      assert.deepEqual(await server.kill(signal), { code: 0, signal: null });
      assert.match(server.output(), /"msg":"stopped"/);
    });
  }

  it('finishes the call that is under way, and takes no further one', async () => {
    const token = randomBytes(20).toString('hex');
    await using server = await startServer({ env: { DATABASE_URL: 'sqlite::memory:', ADMIN_TOKEN: token } });
    const underWay = await halfACall(server.url, token);
    const ended = server.kill('SIGTERM');
    await server.line(/finishing the calls under way/);
    await assert.rejects(fetch(`${server.url}/livez`));
    assert.equal(await underWay.finish(), 200);
    assert.equal((await ended)?.code, 0);
  });

  it('cuts off a call that does not end within SHUTDOWN_TIMEOUT', async () => {
    const token = randomBytes(20).toString('hex');
    const env = { DATABASE_URL: 'sqlite::memory:', ADMIN_TOKEN: token, SHUTDOWN_TIMEOUT: '200ms' };
    await using server = await startServer({ env });
    const stuck = await halfACall(server.url, token);
    assert.equal((await server.kill('SIGTERM'))?.code, 0);
    await assert.rejects(stuck.answered);
  });

  it('ends at once on the second signal', async () => {
    const token = randomBytes(20).toString('hex');
    const env = { DATABASE_URL: 'sqlite::memory:', ADMIN_TOKEN: token, SHUTDOWN_TIMEOUT: '1h' };
    await using server = await startServer({ env });
    await halfACall(server.url, token);
    const ended = server.kill('SIGTERM');
    await server.line(/finishing the calls under way/);
    await server.kill('SIGTERM');
    assert.equal((await ended)?.code, 1);
  });
});
