import { MongoError } from 'mongodb';
import { createRankSource } from '../../model/rank.ts';
import { createScanMemory } from '../../model/scan-memory.ts';
import { StoreOpenError } from '../errors.ts';
import type { Change, Store, StoreOptions } from '../port.ts';
import { createBackground } from './background.ts';
import { createBusyKeys } from './busy-keys.ts';
import { watchChanges } from './change-feed.ts';
import { collectionsOf } from './collections.ts';
import { type Connection, connect } from './connection.ts';
import { createConsumers } from './consumers.ts';
import type { MongoContext } from './context.ts';
import { createDraws } from './draws.ts';
import { checkCandidatePlans } from './explain-check.ts';
import { createJobs } from './jobs.ts';
import { createKeyStore } from './keys.ts';
import { createMaintenance } from './maintenance.ts';
import { migrate } from './migrations.ts';
import { createOwnSessions } from './own-sessions.ts';
import { createQueueFronts } from './queue-fronts.ts';
import { createSettledTakes } from './settled-takes.ts';
import { followStoreClock, type StoreClock } from './store-clock.ts';
import { createTierTurns } from './tier-turns.ts';
import { createTiers } from './tiers.ts';
import { createAudit } from './usage-events.ts';

const OPEN_TAKE_MS = 10_000;

/**
 * Opens the store on a MongoDB replica set or sharded cluster, 6.0 or newer. The database is the one in the URL's path,
 * or `keypool`. Errors: `StoreOpenError`.
 */
export async function openMongoStore(url: string, options: StoreOptions): Promise<Store> {
  const connection = await connect(url);
  try {
    const rows = collectionsOf(connection.db);
    await migrate(connection.db);
    await checkCandidatePlans(rows);
    const storeClock = await followServerClock(connection, options);
    return compose(connection, storeClock, options);
  } catch (error) {
    await connection.client.close().catch(() => undefined);
    if (!(error instanceof MongoError)) throw error;
    throw new StoreOpenError(
      `MongoDB at ${connection.detail} did not let the schema be prepared: ${error.message}`,
      {
        cause: error,
      },
    );
  }
}

function followServerClock({ client }: Connection, options: StoreOptions): Promise<StoreClock> {
  const readServerMs = async () => {
    const { localTime } = await client.db('admin').command({ hello: 1 });
    return localTime instanceof Date ? localTime.getTime() : Number.NaN;
  };
  return followStoreClock(options.clock, readServerMs, options.warn);
}

function compose({ client, db, detail }: Connection, storeClock: StoreClock, options: StoreOptions): Store {
  const listeners = new Set<(change: Change) => void>();
  const announce = (change: Change) => {
    for (const listener of listeners) {
      try {
        listener(change);
      } catch (error) {
        // The change is committed all the same, and the other listeners have to hear of it.
        options.warn('A listener failed to take note of a change.', error);
      }
    }
  };
  const context: MongoContext = {
    client,
    rows: collectionsOf(db),
    options,
    storeClock,
    ranks: createRankSource({ nowMs: storeClock.nowMs, monotonicMs: options.clock.monotonicMs }),
    openTakeMs: options.openTakeMs ?? OPEN_TAKE_MS,
    announce,
    ownSessions: createOwnSessions(),
  };
  const background = createBackground(options.warn);
  const settled = createSettledTakes(context);
  const feed = watchChanges(db, context.ownSessions.has, announce, options.warn);
  return {
    ...createDraws({
      ...context,
      background,
      settled,
      busy: createBusyKeys(),
      turns: createTierTurns(),
      fronts: createQueueFronts(options.clock.monotonicMs),
      scans: createScanMemory(),
      rankedQueues: new Set(),
    }),
    ...createTiers(context),
    ...createKeyStore(context),
    ...createConsumers(context),
    ...createAudit(context),
    ...createJobs(context),
    ...createMaintenance(context, detail),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: once(async () => {
      storeClock.close();
      feed.stop();
      await background.close();
      await settled.close();
      await client.close();
    }),
  };
}

/** Runs `work` at the first call; later calls share its promise. */
function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null;
  return () => {
    done ??= work();
    return done;
  };
}
