import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertAudited, auditRowsWith, unitsByKey } from '../support/audit-rows.ts';
import { assertDrained, startLoad } from '../support/load-callers.ts';
import { addConsumer, addKeys, addTier } from '../support/load-pool.ts';
import { openMongodb, useServers } from '../support/load-servers.ts';
import { startProcesses } from '../support/several-processes.ts';

const DEADLINE_MS = 60_000;
const REPLACED = 'a process ended and was replaced';

type Replacement = { readonly ended_pid: number; readonly new_pid: number; readonly pause_ms: number };

describe('a process that ends', () => {
  it('is replaced, told in one line, and the others go on', { timeout: DEADLINE_MS }, async (t) => {
    const server = await startProcesses(t, 2);
    const [first, second] = server.pids;
    assert.ok(first !== undefined && second !== undefined);
    process.kill(first, 'SIGKILL');
    const line = await server.line(new RegExp(`"ended_pid":${first},.*${REPLACED}`));
    const { new_pid, ...told } = JSON.parse(line);
    assert.deepEqual([told.signal, told.exit_code], ['SIGKILL', null]);
    await server.servedByAll([second, new_pid]);
  });

  it('waits for its turn longer each time when it ends again and again', async (t) => {
    const server = await startProcesses(t, 2);
    let [pid] = server.pids;
    const pauses: number[] = [];
    while (pauses.length < 3 && pid !== undefined) {
      process.kill(pid, 'SIGKILL');
      const line = await server.line(new RegExp(`"ended_pid":${pid},.*${REPLACED}`));
      const replacement: Replacement = JSON.parse(line);
      pauses.push(replacement.pause_ms);
      pid = replacement.new_pid;
    }
    assert.deepEqual(pauses, [500, 1000, 2000]);
    assert.equal((await fetch(`${server.url}/health`)).status, 200);
  });

  it('leaves callers waiting, not refused, when it was the last', { timeout: DEADLINE_MS }, async (t) => {
    const server = await startProcesses(t, 2);
    for (const pid of server.pids) process.kill(pid, 'SIGKILL');
    for (const pid of server.pids) await server.line(new RegExp(`"ended_pid":${pid},`));
    assert.equal((await fetch(`${server.url}/health`)).status, 200);
  });

  it('loses no unit: what it left open comes back', { timeout: DEADLINE_MS }, async (t) => {
    const [KEYS, BUDGET, CALLERS] = [8, 300, 32];
    const server = await useServers(t, await openMongodb()).start({ PROCESSES: '2' });
    const { pids }: { pids: number[] } = JSON.parse(await server.line(/"msg":"listening"/));
    await addTier(server.admin, 'scrape');
    await addKeys(server.admin, 'scrape', KEYS, [{ limit: BUDGET }]);
    const { token } = await addConsumer(server.admin, ['scrape']);
    const load = startLoad({
      callers: CALLERS,
      token,
      signal: t.signal,
      patienceMs: 500,
      url: () => server.url,
      draw: () => ({ feature: 'scrape' }),
      onServed: (served) => {
        if (served === (KEYS * BUDGET) / 2 && pids[0] !== undefined) process.kill(pids[0], 'SIGKILL');
      },
    });
    await load.ended;
    assertDrained(load, CALLERS);
    assert.ok(load.lost() > 0, 'the kill met no call');
    const rows = await auditRowsWith(server.admin, load.served);
    assertAudited(load.served, rows);
    assert.deepEqual([...unitsByKey(rows).values()], Array(KEYS).fill(BUDGET));
  });
});
