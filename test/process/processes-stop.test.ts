import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { isAlive, type SeveralProcesses, useProcesses } from '../support/several-processes.ts';
import { halfACall } from './half-a-call.ts';

/** Calls under way in every process. */
async function halfACallInEach({ url, adminToken, pids }: SeveralProcesses) {
  return Promise.all(pids.map(() => halfACall(url, adminToken)));
}

async function assertGone(pids: readonly number[]): Promise<void> {
  await eventually('every process has ended', () => (pids.some(isAlive) ? null : true));
}

describe('several processes that are told to stop', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    it(`by ${signal} finish the calls under way, take no further ones, and end with code 0`, async (t) => {
      const server = await useProcesses(t, 2);
      const underWay = await halfACallInEach(server);
      const ended = server.kill(signal);
      for (const pid of server.pids)
        await server.line(new RegExp(`"pid":${pid},.*finishing the calls under way`));
      await assert.rejects(fetch(`${server.url}/livez`));
      assert.deepEqual(await Promise.all(underWay.map(({ finish }) => finish())), [200, 200]);
      assert.deepEqual(await ended, { code: 0, signal: null });
      await assertGone(server.pids);
    });

  it('take it well when a service manager signals every one of them', async (t) => {
    const server = await useProcesses(t, 2);
    const underWay = await halfACallInEach(server);
    for (const pid of server.pids) process.kill(pid, 'SIGTERM');
    const ended = server.kill('SIGTERM');
    for (const pid of server.pids)
      await server.line(new RegExp(`"pid":${pid},.*finishing the calls under way`));
    assert.deepEqual(await Promise.all(underWay.map(({ finish }) => finish())), [200, 200]);
    assert.equal((await ended)?.code, 0);
  });

  it('end at once on the second signal', async (t) => {
    const server = await useProcesses(t, 2, { SHUTDOWN_TIMEOUT: '1h' });
    await halfACallInEach(server);
    const ended = server.kill('SIGTERM');
    await server.line(/finish the calls under way/);
    await server.kill('SIGTERM');
    assert.equal((await ended)?.code, 1);
    await assertGone(server.pids);
  });

  it('finish their calls and end when the first process is killed', async (t) => {
    const server = await useProcesses(t, 2);
    const underWay = await halfACallInEach(server);
    const ended = server.kill('SIGKILL');
    for (const pid of server.pids) await server.line(new RegExp(`"pid":${pid},.*end of the first process`));
    assert.deepEqual(await Promise.all(underWay.map(({ finish }) => finish())), [200, 200]);
    assert.equal((await ended)?.signal, 'SIGKILL');
    await assertGone(server.pids);
  });
});
