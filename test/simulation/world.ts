import { MongoError } from 'mongodb';
import { StoreError } from '../../src/store/errors.ts';
import { type Admin, createAdmin } from './admin.ts';
import { type Callers, createCallers } from './callers.ts';
import { createReplicaSet, type ReplicaSet } from './document-store/replica-set.ts';
import type { KeypoolProcess, Leaving } from './keypool-process.ts';
import type { Incident } from './planned-incidents.ts';
import { plantRows } from './planted-rows.ts';
import { createStarter, type Onlookers } from './process-starter.ts';
import type { Schedule } from './schedule.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Everything that a schedule needs to happen. */
export interface World {
  readonly replicaSet: ReplicaSet;
  readonly processes: readonly KeypoolProcess[];
  readonly callers: Callers;
  readonly admin: Admin;
  readonly happen: (incident: Incident) => void;
  /** Keys that are disabled, or about to be, and not about to be enabled. */
  readonly disabled: () => number;
  /** The moment until which commands of the troubled time are on their way (ms). */
  readonly lastArrivalMs: () => number;
  readonly left: readonly Leaving[];
  /** Errors that point at the code or at the simulation itself. */
  readonly broken: unknown[];
}

/** How long a write takes to a majority, in ms. */
const LAG_MS = [0.2, 1.5] as const;

export function createWorld(schedule: Schedule, time: VirtualTime, { trace, observe }: Onlookers): World {
  const { random } = schedule;
  const [network, choices] = [random.fork('network'), random.fork('choices')];
  const broken: unknown[] = [];
  const left: Leaving[] = [];
  let lagging = { untilMs: 0, lagMs: 0 };
  let lastArrivalMs = 0;
  let disabled = 0;

  const replicaSet = createReplicaSet({
    time,
    random: random.fork('failover'),
    clockOffsetsMs: schedule.clockOffsetsMs,
    lagMs: () => (time.nowMs() < lagging.untilMs ? lagging.lagMs : network.between(...LAG_MS)),
    trace,
  });
  plantRows(replicaSet.primary().tables, schedule);

  const newId = idsOf(random.fork('ids'));
  const note = (what: string, cause: unknown) => {
    trace(() => `! ${what} ${cause instanceof Error ? `${cause.name}: ${cause.message}` : ''}`);
    if (cause instanceof Error && !isExpected(cause)) broken.push(cause);
  };
  const start = createStarter({
    time,
    network,
    replicaSet,
    openTakeMs: schedule.openTakeMs,
    troubles: () => (time.nowMs() < schedule.healsAtMs ? schedule.troubles : null),
    newId,
    onlookers: { trace, observe },
    note,
    left: (leaving) => left.push(leaving),
    underWay: (ms) => {
      if (ms < Infinity) lastArrivalMs = Math.max(lastArrivalMs, time.nowMs() + ms);
    },
  });
  const processes = Array.from({ length: schedule.processes }, start);
  const admin = createAdmin(time, () => processes[choices.int(0, processes.length - 1)], newId);

  const disable = (key: string, forMs: number) => {
    disabled += 1;
    const enable = () => {
      admin.edit(key, 'enable');
      disabled -= 1;
    };
    admin.edit(key, 'disable', () => time.after(forMs, enable, null));
  };
  const crash = (index: number, downMs: number) => {
    processes[index]?.kill();
    const restart = () => {
      processes[index] = start();
    };
    time.after(downMs, restart, null);
  };
  const happen = (incident: Incident) => {
    trace(() => `* ${JSON.stringify(incident)}`);
    const { kind } = incident;
    if (kind === 'failover')
      replicaSet.failOver(incident.isolatedMs, incident.electionMs, incident.lingersMs);
    else if (kind === 'clock-step') replicaSet.stepClock(incident.byMs);
    else if (kind === 'stall') processes[incident.process]?.stall(incident.forMs);
    else if (kind === 'lag') lagging = { untilMs: time.nowMs() + incident.forMs, lagMs: incident.lagMs };
    else if (kind === 'reset') admin.edit(incident.key, 'reset');
    else if (kind === 'disable') disable(incident.key, incident.forMs);
    else crash(incident.process, incident.downMs);
  };

  return {
    replicaSet,
    processes,
    callers: createCallers(time, random.fork('callers'), () => processes, trace, schedule.reports),
    admin,
    happen,
    disabled: () => disabled,
    lastArrivalMs: () => lastArrivalMs,
    left,
    broken,
  };
}

function isExpected(cause: Error): boolean {
  return cause instanceof MongoError || cause instanceof StoreError || /still undecided/.test(cause.message);
}

/** Ids that rise with time, as the adapter is promised. */
function idsOf(random: Schedule['random']): () => string {
  let made = 0;
  return () => {
    made += 1;
    return `${made.toString(36).padStart(6, '0')}${random.int(0, 2 ** 20).toString(36)}`;
  };
}
