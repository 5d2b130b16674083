import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import type { Load } from '../support/load-callers.ts';
import { wholeBetween } from '../support/load-random.ts';
import type { KeypoolProcess } from '../support/load-servers.ts';
import type { Mongod } from '../support/mongod.ts';
import { servingPids } from '../support/serving-processes.ts';

export type Faults = {
  readonly primaryFaults: number;
  readonly random: () => number;
  readonly t: TestContext;
};

/** How long draws go on undisturbed before the next fault. */
const CALM_MIN_MS = 300;
const CALM_MAX_MS = 2000;
/** How much later than the primary a process of Keypool is killed. */
const KILL_LATER_MAX_MS = 2500;
const SERVED_AGAIN_WITHIN_MS = 60_000;
/** Every fourth primary is not killed but cut off: it stops for a while and comes back believing that it is one. */
const CUT_OFF_EVERY = 4;

/** Kills the primary again and again, and processes of Keypool beside it; resolves when draws go on after the last. */
export async function makeFaults(
  { mongod, server, load }: { readonly mongod: Mongod; readonly server: KeypoolProcess; readonly load: Load },
  { primaryFaults, random, t }: Faults,
): Promise<{ readonly killedProcesses: number }> {
  let killedProcesses = 0;
  for (let fault = 1; fault <= primaryFaults; fault++) {
    await servedAgain(load);
    await delay(wholeBetween(random, CALM_MIN_MS, CALM_MAX_MS), undefined, { signal: t.signal });
    const primary = await mongod.primary();
    const cutOff = fault % CUT_OFF_EVERY === 0;
    t.diagnostic(`${cutOff ? 'cut off' : 'killed'} a primary at ${Math.round(performance.now())} ms`);
    await primary.kill(cutOff ? 'SIGSTOP' : 'SIGKILL');
    await delay(wholeBetween(random, 0, KILL_LATER_MAX_MS), undefined, { signal: t.signal });
    killedProcesses += killOneOf(server, random);
    const others = mongod.nodes.filter((node) => node !== primary);
    await eventually('another primary', () => primaryAmong(mongod, others), SERVED_AGAIN_WITHIN_MS);
    t.diagnostic(`another primary at ${Math.round(performance.now())} ms`);
    await servedAgain(load);
    await (cutOff ? primary.kill('SIGCONT') : primary.restart());
    await mongod.settled();
    t.diagnostic(`settled at ${Math.round(performance.now())} ms`);
  }
  await servedAgain(load);
  return { killedProcesses };
}

async function primaryAmong({ primary }: Mongod, nodes: Mongod['nodes']): Promise<true | null> {
  return nodes.includes(await primary()) ? true : null;
}

function killOneOf(server: KeypoolProcess, random: () => number): number {
  const pids = servingPids(server);
  const pid = pids[wholeBetween(random, 0, pids.length - 1)];
  // With one left, none is killed: that is for another test.
  if (pid === undefined || pids.length === 1) return 0;
  try {
    process.kill(pid, 'SIGKILL');
    return 1;
  } catch {
    // It had ended by itself, and that is not in the log yet.
    return 0;
  }
}

function servedAgain(load: Load): Promise<true> {
  const before = load.served.length;
  return eventually(
    'draws that are served again',
    () => (load.served.length > before + 50 ? true : null),
    SERVED_AGAIN_WITHIN_MS,
  );
}
