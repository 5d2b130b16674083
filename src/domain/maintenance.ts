import { type After, type BackgroundTaskOptions, startBackgroundTask } from './background-task.ts';
import type { Context } from './context.ts';

export interface MaintenanceOptions {
  readonly after: After;
  /** How long usage events are kept, in ms. */
  readonly retentionMs: number;
  /** How long their sums by the hour are kept, in ms. */
  readonly sumsRetentionMs: number;
}

export interface Maintenance {
  /** Ends what runs in the background and writes what was noted; resolves when all of it has ended. */
  readonly stop: () => Promise<void>;
}

const JOB_BATCH = 1000;
/** Whoever edits a tier says so at once; this is for what was missed of it. */
const JOB_IDLE_MS = 1000;
const RECOVERY_BATCH = 200;
const RECOVERY_MS = 1000;
/** Between two batches: thousands are settled within seconds, and draws have the store to themselves half of the time. */
const RECOVERY_PAUSE_MS = 50;
const EXPIRY_BATCH = 1000;
const EXPIRY_MS = 2000;
const RETENTION_BATCH = 1000;
const RETENTION_MS = 60_000;
const REPORTS_BATCH = 200;
const REPORTS_MS = 1000;
const SUMS_MS = 5000;
/** Between two steps: draws have the store to themselves meanwhile. */
const SUMS_PAUSE_MS = 20;
const LAST_USED_MS = 5000;
const TOKENS_BATCH = 1000;
const TOKENS_MS = 60_000;
const ROTATION_MS = 60_000;
const CREDITS_BATCH = 1000;
const CREDITS_SWEEP_MS = 60_000;
/** Between two batches: a flood of addresses leaves many pools, and calls go on while they are deleted. */
const CREDITS_PAUSE_MS = 20;
/** A third of the time for which a process counts as alive. */
const CREDITS_TEND_MS = 5000;

type Work = Pick<BackgroundTaskOptions, 'name' | 'everyMs' | 'run' | 'moreAfterMs'>;

function placeKeys({ store }: Context): Work {
  return {
    name: 'place-keys',
    everyMs: JOB_IDLE_MS,
    run: async () => (await store.runJobStep(JOB_BATCH)) !== null,
  };
}

/** What is known of tokens, and what signs them. */
function tokenWork({ store, jwts }: Context): readonly Work[] {
  return [
    {
      name: 'delete-expired-tokens',
      everyMs: TOKENS_MS,
      run: async () => (await store.deleteExpiredTokens(TOKENS_BATCH)) >= TOKENS_BATCH,
    },
    {
      name: 'rotate-signing-keys',
      everyMs: ROTATION_MS,
      run: async () => {
        await jwts.rotateKeys();
        return false;
      },
    },
  ];
}

function sweepCredits({ store }: Context): Work {
  return {
    name: 'sweep-credits',
    everyMs: CREDITS_SWEEP_MS,
    moreAfterMs: CREDITS_PAUSE_MS,
    run: async () => (await store.sweepCredits(CREDITS_BATCH)) >= CREDITS_BATCH,
  };
}

function tendCredits({ credits }: Context): Work {
  return {
    name: 'tend-credits',
    everyMs: CREDITS_TEND_MS,
    run: async () => {
      await credits.tend();
      return false;
    },
  };
}

/** Reports of outcomes: those whose process could not finish them, and those that are out of date. */
function reportWork({ store }: Context, { retentionMs }: MaintenanceOptions): readonly Work[] {
  return [
    {
      name: 'apply-reports',
      everyMs: REPORTS_MS,
      run: async () => (await store.applyReports(REPORTS_BATCH)) >= REPORTS_BATCH,
    },
    {
      name: 'delete-expired-reports',
      everyMs: RETENTION_MS,
      run: async () =>
        (await store.deleteExpiredReports(store.now() - retentionMs, RETENTION_BATCH)) >= RETENTION_BATCH,
    },
  ];
}

/** Usage events and their sums. */
function usageWork({ store }: Context, options: MaintenanceOptions): readonly Work[] {
  const { retentionMs, sumsRetentionMs } = options;
  return [
    { name: 'sum-usage', everyMs: SUMS_MS, moreAfterMs: SUMS_PAUSE_MS, run: store.sumUsageStep },
    {
      name: 'delete-expired-events',
      everyMs: RETENTION_MS,
      run: async () =>
        (await store.deleteExpired(store.now() - retentionMs, RETENTION_BATCH)) >= RETENTION_BATCH,
    },
    {
      name: 'delete-expired-sums',
      everyMs: RETENTION_MS,
      run: async () =>
        (await store.deleteExpiredSums(store.now() - sumsRetentionMs, RETENTION_BATCH)) >= RETENTION_BATCH,
    },
  ];
}

function otherWork({ store, lastUsed }: Context): readonly Work[] {
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
  const tending = startBackgroundTask({ ...tendCredits(context), after, log });
  // How many processes share the limits is known before the store can be lost.
  tending.kick();
  const works = [
    ...otherWork(context),
    ...usageWork(context, options),
    ...reportWork(context, options),
    ...tokenWork(context),
    sweepCredits(context),
  ];
  const others = works.map((work) => startBackgroundTask({ ...work, after, log }));
  // A tier that was edited here may have left a job: its keys wait for it.
  const stopListening = context.store.onChange((change) => {
    if (change.kind === 'tier' || change.kind === 'all') placing.kick();
  });
  return {
    stop: async () => {
      stopListening();
      await Promise.all([placing, tending, ...others].map((task) => task.stop()));
      try {
        await context.lastUsed.flush();
      } catch (error) {
        log.warn({ err: error }, 'when consumers were last used could not be noted');
      }
    },
  };
}
