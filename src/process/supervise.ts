import { announce } from './announce.ts';
import { CLOSE_GRACE_MS, endProcess, onEndSignal } from './closing.ts';
import { type HandOut, openHandOut } from './hand-out.ts';
import { createProcessGroup, type ProcessGroup } from './process-group.ts';
import type { Service } from './service.ts';

const FAILED = 1;
/** How much later than the processes' own time limit they are ended from outside, in ms. */
const STOP_GRACE_MS = CLOSE_GRACE_MS + 2000;

export interface SupervisedService extends Service {
  /** How many processes serve. */
  readonly processes: number;
  /** What they all get as their environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly monotonicMs: () => number;
}

/** The first signal has all processes finish their calls and end; the second ends them at once. */
function stopOnSignal(group: ProcessGroup, handOut: HandOut, { config, processLog }: Service): void {
  const { log } = processLog;
  let stopping = false;

  function endNow(): void {
    group.kill();
    endProcess(processLog, FAILED);
  }

  async function stop(): Promise<void> {
    handOut.close();
    const well = await group.stop();
    if (well) log.info({}, 'stopped');
    else log.error({}, 'not every process stopped cleanly');
    endProcess(processLog, well ? 0 : FAILED);
  }

  onEndSignal((signal) => {
    if (stopping) {
      log.warn({ signal }, 'ended at once');
      endNow();
      return;
    }
    stopping = true;
    log.info({ signal }, 'stopping: all processes finish the calls under way');
    setTimeout(() => {
      log.error({}, 'did not stop in time');
      endNow();
    }, config.shutdownTimeoutMs + STOP_GRACE_MS).unref();
    void stop();
  });
}

/**
 * Listens, starts the processes that serve, tells of them once, and replaces those that end. This process itself opens
 * no store and reads no call. The first one starts alone: it migrates the store, and what keeps it from starting is
 * told once. Error: StartError.
 */
export async function supervise(service: SupervisedService): Promise<void> {
  const { config, processLog, processes, env, monotonicMs } = service;
  const handOut = await openHandOut(config);
  const group = createProcessGroup({ handOut, env, log: processLog.log, monotonicMs });
  stopOnSignal(group, handOut, service);
  try {
    const { facts, demo } = await group.add(service.demo ? ['--demo'] : []);
    await Promise.all(Array.from({ length: processes - 1 }, () => group.add([])));
    // Several processes share a MongoDB, and with it a token that is configured.
    const adminToken = { source: 'environment', token: config.adminToken ?? '' } as const;
    announce(facts, { adminToken, pids: group.pids() }, processLog);
    if (demo !== null) process.stdout.write(`${demo}\n`);
  } catch (error) {
    group.kill();
    throw error;
  }
}
