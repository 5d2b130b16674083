import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assertAudited, auditRowsWith, unitsByKey } from '../support/audit-rows.ts';
import { eventually } from '../support/eventually.ts';
import { drain } from '../support/load-callers.ts';
import { addConsumer, addKeys, addTier } from '../support/load-pool.ts';
import { openMongodb, useServers } from '../support/load-servers.ts';
import { servingPids } from '../support/serving-processes.ts';
import { type SeveralProcesses, startProcesses } from '../support/several-processes.ts';

const DEADLINE_MS = 120_000;
const READY_WITHIN_MS = 30_000;
const COUNT = 2;
const PAUSE_FIRST_MS = 500;
const REPLACED = 'a process ended and was replaced';

type Replacement = { readonly ended_pid: number; readonly new_pid: number; readonly pause_ms: number };

describe('a process that ends', { concurrency: true, timeout: DEADLINE_MS }, () => {
  describe('among others without load', { concurrency: 1 }, () => {
    let server: SeveralProcesses;
    before(async () => {
      server = await startProcesses(COUNT);
    });
    after(() => server?.close());

    /** The processes, as soon as all of them take calls. */
    const allServing = () =>
      eventually(
        'all processes',
        () => {
          const pids = servingPids(server);
          return pids.length === COUNT ? pids : null;
        },
        READY_WITHIN_MS,
      );
    /** Kills a process and gives what is told of that. */
    async function kill(pid: number): Promise<Replacement & Readonly<Record<string, unknown>>> {
      process.kill(pid, 'SIGKILL');
      return JSON.parse(await server.line(new RegExp(`"ended_pid":${pid},.*${REPLACED}`)));
    }

    it('is replaced, told in one line, and the others go on', async () => {
      const [first = 0, second = 0] = await allServing();
      const { new_pid, signal, exit_code } = await kill(first);
      assert.deepEqual([signal, exit_code], ['SIGKILL', null]);
      await server.servedByAll([second, new_pid]);
    });

    it('waits for its turn longer each time when it ends again and again', async () => {
      const [first = 0] = await allServing();
      const { new_pid, pause_ms: before } = await kill(first);
      // Killed as soon as they are there, they never live well, however slow the machine.
      const { new_pid: next, pause_ms: pause } = await kill(new_pid);
      const { pause_ms: longer } = await kill(next);
      assert.equal(pause, before === 0 ? PAUSE_FIRST_MS : 2 * before);
      assert.equal(longer, 2 * pause);
      assert.equal((await fetch(`${server.url}/health`)).status, 200);
    });

    it('leaves callers waiting, not refused, when it was the last', async () => {
      const pids = await allServing();
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      for (const pid of pids) await server.line(new RegExp(`"ended_pid":${pid},`));
      assert.equal((await fetch(`${server.url}/health`)).status, 200);
    });
  });

  it('loses no unit: what it left open comes back', async (t) => {
    const [KEYS, BUDGET, CALLERS] = [8, 100, 16];
    const server = await useServers(t, await openMongodb()).start({ PROCESSES: String(COUNT) });
    const [victim = 0] = servingPids(server);
    await addTier(server.admin, 'scrape');
    await addKeys(server.admin, 'scrape', KEYS, [{ limit: BUDGET }]);
    const { token } = await addConsumer(server.admin, ['scrape']);
    const { served, lost } = await drain({
      callers: CALLERS,
      token,
      signal: t.signal,
      patienceMs: 500,
      url: () => server.url,
      draw: () => ({ feature: 'scrape' }),
      onServed: (count) => {
        if (count === (KEYS * BUDGET) / 2) process.kill(victim, 'SIGKILL');
      },
    });
    assert.ok(lost() > 0, 'the kill met no call');
    const rows = await auditRowsWith(server.admin, served);
    assertAudited(served, rows);
    assert.deepEqual([...unitsByKey(rows).values()], Array(KEYS).fill(BUDGET));
  });
});
