import { EPOCH_MS, type ReplicaSet } from './document-store/replica-set.ts';
import { createConnection } from './driver/connection.ts';
import type { Observe } from './driver/statements.ts';
import { type KeypoolProcess, type Leaving, startProcess } from './keypool-process.ts';
import { createLink } from './link.ts';
import type { Troubles } from './planned-incidents.ts';
import type { Random } from './random.ts';
import { passageOf } from './troubled-passage.ts';
import type { Owner, VirtualTime } from './virtual-time.ts';

/** What a run looks on with. */
export interface Onlookers {
  readonly trace: (line: () => string) => void;
  readonly observe: Observe;
}

export interface StarterOptions {
  readonly time: VirtualTime;
  readonly network: Random;
  readonly replicaSet: ReplicaSet;
  readonly openTakeMs: number;
  /** What happens to commands at the moment; null when all is well. */
  readonly troubles: () => Troubles | null;
  readonly newId: () => string;
  readonly onlookers: Onlookers;
  readonly note: (what: string, cause: unknown) => void;
  readonly left: (leaving: Leaving) => void;
  readonly underWay: (ms: number) => void;
}

/** How long a process may take to learn of a new primary while the old one answers, in ms. */
const LEARNS_WITHIN_MS = 1500;
/** The longest that a command of a dead process is on its way, in ms. */
const ORPHANED_MAX_MS = 20_000;
const CLOCK_OFF_MAX_MS = 5000;

/** Starts processes, each with a name, a link and clocks of its own. */
export function createStarter(options: StarterOptions): () => KeypoolProcess {
  const { time, network, replicaSet, onlookers, note } = options;
  const { trace, observe } = onlookers;

  const connect = (name: string) => (owner: Owner) => {
    const link = createLink({
      time,
      owner,
      name,
      replicaSet,
      passage: () => passageOf(network, options.troubles(), replicaSet.isShaky()),
      learnsAfterMs: () => network.between(0, LEARNS_WITHIN_MS),
      orphanedMs: () => orphanedMs(network),
      underWay: options.underWay,
      trace,
    });
    return createConnection(name, link, time, observe);
  };

  let started = 0;
  return () => {
    started += 1;
    const name = `p${started}`;
    const base = network.between(0, 1e9);
    const offMs = network.between(-CLOCK_OFF_MAX_MS, CLOCK_OFF_MAX_MS);
    return startProcess({
      name,
      time,
      connect: connect(name),
      store: {
        newId: options.newId,
        openTakeMs: options.openTakeMs,
        clock: { monotonicMs: () => base + time.nowMs(), nowMs: () => EPOCH_MS + time.nowMs() + offMs },
        warn: (message, cause) => note(`${name} warns: ${message}`, cause),
      },
      left: (leaving) => {
        trace(() => `${name} serves ${leaving.draw.drawId} of ${leaving.draw.keyId}`);
        options.left(leaving);
      },
      broken: (error) => note(`${name} failed:`, error),
    });
  };
}

/** A command of a dead process arrives as if nothing was, late, or never. */
function orphanedMs(random: Random): number {
  if (random.chance(0.3)) return 0;
  return random.chance(0.3) ? Infinity : random.between(10, ORPHANED_MAX_MS);
}
