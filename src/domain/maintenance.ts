import { type After, type BackgroundTaskOptions, startBackgroundTask } from './background-task.ts';
import type { Context } from './context.ts';

export interface MaintenanceOptions {
  readonly after: After;
  /** How long usage events are kept, in ms. */
  readonly retentionMs: number;
}

export interface Maintenance {
  /** Ends what runs in the background and writes what was noted; resolves when all of it has ended. */
  readonly stop: () => Promise<void>;
}

const JOB_BATCH = 1000;
const JOB_IDLE_MS = 250;
const RECOVERY_BATCH = 200;
const RECOVERY_MS = 1000;
/** Between two batches: thousands are settled within seconds, and draws have the store to themselves half of the time. */
const RECOVERY_PAUSE_MS = 50;
const EXPIRY_BATCH = 1000;
const EXPIRY_MS = 2000;
const RETENTION_BATCH = 1000;
const RETENTION_MS = 60_000;
const LAST_USED_MS = 5000;

type Work = Pick<BackgroundTaskOptions, 'name' | 'everyMs' | 'run' | 'moreAfterMs'>;

function placeKeys({ store }: Context): Work {
  return {
    name: 'place-keys',
    everyMs: JOB_IDLE_MS,
    run: async () => (await store.runJobStep(JOB_BATCH)) !== null,
  };
}

function otherWork({ store, lastUsed }: Context, retentionMs: number): readonly Work[] {
  return [
    {
      name: 'recover-open-takes',
      everyMs: RECOVERY_MS,
      moreAfterMs: RECOVERY_PAUSE_MS,
      // Of a full batch others may have settled a part.
      run: async () => (await store.recoverOpenTakes(RECOVERY_BATCH)) > 0,
    },
    {
      name: 'park-expired-keys',
      everyMs: EXPIRY_MS,
      run: async () => (await store.parkExpiredKeys(EXPIRY_BATCH)) >= EXPIRY_BATCH,
    },
    {
      name: 'delete-expired-events',
      everyMs: RETENTION_MS,
      run: async () =>
        (await store.deleteExpired(store.now() - retentionMs, RETENTION_BATCH)) >= RETENTION_BATCH,
    },
    {
      name: 'note-last-use',
      everyMs: LAST_USED_MS,
      run: async () => {
        await lastUsed.flush();
        return false;
      },
    },
  ];
}

/** Starts what goes on beside the calls. Any number of processes may do so on one store. */
export function startMaintenance(context: Context, options: MaintenanceOptions): Maintenance {
  const { after } = options;
  const { log } = context;
  const placing = startBackgroundTask({ ...placeKeys(context), after, log });
  const others = otherWork(context, options.retentionMs).map((work) =>
    startBackgroundTask({ ...work, after, log }),
  );
  // A tier that was edited here may have left a job: its keys wait for it.
  const stopListening = context.store.onChange((change) => {
    if (change.kind !== 'consumer') placing.kick();
  });
  return {
    stop: async () => {
      stopListening();
      await Promise.all([placing, ...others].map((task) => task.stop()));
      try {
        await context.lastUsed.flush();
      } catch (error) {
        log.warn({ err: error }, 'when consumers were last used could not be noted');
      }
    },
  };
}
