import { type After, type BackgroundTask, startBackgroundTask } from './background-task.ts';
import { type AlertDeliveries, createAlertDeliveries, type DeliveryParts } from './deliver-alerts.ts';
import { createLook, type LookParts } from './look-for-alerts.ts';
import { type AlertRecord, type AlertRecordParts, createAlertRecord } from './raise-alert.ts';
import { createSpentKeys, type SpentKeys, type SpentKeysParts } from './tell-spent-keys.ts';

/** Looks for what calls for alerts, and delivers them. Any number of processes may do so on one store. */
export interface Alerts {
  /** To be awaited before the first draw; errors: those of the store. */
  readonly begin: () => Promise<void>;
  /** To be awaited when there are no draws any more. */
  readonly end: () => Promise<void>;
}

export interface AlertsParts
  extends Omit<DeliveryParts, 'ended' | 'store'>,
    Omit<LookParts, 'record' | 'store'>,
    Omit<AlertRecordParts, 'raised' | 'store'> {
  readonly store: DeliveryParts['store'] &
    LookParts['store'] &
    AlertRecordParts['store'] &
    SpentKeysParts['store'] &
    LeaseStore;
  readonly after: After;
}

type LeaseStore = {
  readonly holdLease: (name: string, holder: string, forMs: number) => Promise<boolean>;
  readonly deleteExpiredAlerts: (before: number, limit: number) => Promise<number>;
};

const LOOK_MS = 5000;
const TELL_MS = 1000;
const NOTE_MS = 5000;
const RECOVER_PAUSE_MS = 50;
const DELIVER_MS = 2000;
const RETENTION_RUN_MS = 60_000;
const RETENTION_BATCH = 500;
/** How long alerts are kept after they were over, and deliveries after their end, in ms. */
const RETENTION_MS = 30 * 86_400_000;
/** Three looks: a process that is late for one keeps it. */
const LEASE_MS = 15_000;

interface Work {
  readonly record: AlertRecord;
  readonly spent: SpentKeys;
  readonly deliveries: AlertDeliveries;
}

function startTasks(parts: AlertsParts, work: Work, holder: string): readonly BackgroundTask[] {
  const { store } = parts;
  const { record, spent } = work;
  const look = createLook({ ...parts, record });
  const inTurn = (name: string, run: () => Promise<boolean>) => async () =>
    (await store.holdLease(name, holder, LEASE_MS)) && run();
  const tasks = [
    { name: 'note-watcher', everyMs: NOTE_MS, run: async () => spent.note().then(() => false) },
    { name: 'tell-spent-keys', everyMs: TELL_MS, run: spent.tell },
    {
      name: 'look-for-alerts',
      everyMs: LOOK_MS,
      run: inTurn('look-for-alerts', async () => look().then(() => false)),
    },
    {
      name: 'recover-alerts',
      // What an earlier process left does not wait.
      isUrgent: true,
      everyMs: LOOK_MS,
      moreAfterMs: RECOVER_PAUSE_MS,
      run: inTurn('recover-alerts', spent.recover),
    },
    {
      name: 'delete-expired-alerts',
      everyMs: RETENTION_RUN_MS,
      run: async () =>
        (await store.deleteExpiredAlerts(store.now() - RETENTION_MS, RETENTION_BATCH)) >= RETENTION_BATCH,
    },
  ];
  return tasks.map(({ isUrgent = false, ...task }) => {
    const started = startBackgroundTask({ ...task, after: parts.after, log: parts.log });
    if (isUrgent) started.kick();
    return started;
  });
}

export function createAlerts(parts: AlertsParts): Alerts {
  const { store, newId, log, after } = parts;
  const holder = newId();
  let delivering: BackgroundTask | null = null;
  const kick = () => delivering?.kick();
  const record = createAlertRecord({ store, newId, log, raised: kick });
  const spent = createSpentKeys({ store, record, holder });
  const deliveries = createAlertDeliveries({ ...parts, ended: kick });
  let tasks: readonly BackgroundTask[] = [];
  return {
    begin: async () => {
      await spent.note();
      tasks = startTasks(parts, { record, spent, deliveries }, holder);
      delivering = startBackgroundTask({
        name: 'deliver-alerts',
        everyMs: DELIVER_MS,
        run: deliveries.begin,
        after,
        log,
      });
      kick();
    },
    end: async () => {
      await Promise.all([...tasks, ...(delivering === null ? [] : [delivering])].map((task) => task.stop()));
      await deliveries.stop();
      try {
        if (delivering !== null) await spent.end();
      } catch (error) {
        log.warn({ err: error }, 'alerts that are not told yet are left to another process');
      }
    },
  };
}
