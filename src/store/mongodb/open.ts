import { MongoError } from 'mongodb';
import { createBudgetWatch } from '../../model/budget-watch.ts';
import { createFreshRanks } from '../../model/rank.ts';
import { createScanMemory } from '../../model/scan-memory.ts';
import { createVirtualTime } from '../../model/virtual-time.ts';
import { StoreOpenError } from '../errors.ts';
import type { Change, Store, StoreOptions } from '../port.ts';
import { createAlerts } from './alerts.ts';
import { createBackground, pause } from './background.ts';
import { createBusyKeys } from './busy-keys.ts';
import { CACHED, NOTICES, watchChanges } from './change-feed.ts';
import { collectionsOf } from './collections.ts';
import { type Connection, connect } from './connection.ts';
import { createConsumers } from './consumers.ts';
import type { MongoContext } from './context.ts';
import { createCredits } from './credits.ts';
import { createDeliveries } from './deliveries.ts';
import { createDenials } from './denials.ts';
import { createDirectTakes } from './direct-take.ts';
import { createDraws } from './draws.ts';
import { checkCandidatePlans } from './explain-check.ts';
import { flushKeys } from './flush-keys.ts';
import { createFreedNotices } from './freed-notices.ts';
import { createGroupTakes } from './group-takes.ts';
import { createJobs } from './jobs.ts';
import { createKeptTokens } from './kept-tokens.ts';
import { createKeyMoves } from './key-moves.ts';
import { createKeyScans } from './key-scans.ts';
import { createKeyStore } from './keys.ts';
import { createLeases } from './leases.ts';
import { createMaintenance } from './maintenance.ts';
import { migrate } from './migrations.ts';
import { createOutcomes } from './outcomes.ts';
import { createOwnSessions } from './own-sessions.ts';
import { createQuotaGroups } from './quota-groups.ts';
import { createReadAhead } from './read-ahead.ts';
import { createRivals } from './rivals.ts';
import { createSealStore } from './sealed-keys.ts';
import { flushGroups } from './settle-group.ts';
import { createSettledTakes } from './settled-takes.ts';
import { createSigningKeys } from './signing-keys.ts';
import { createSpentKeys } from './spent-keys.ts';
import { followStoreClock, type StoreClock } from './store-clock.ts';
import { createTierTurns } from './tier-turns.ts';
import { createTiers } from './tiers.ts';
import { createAudit } from './usage-events.ts';
import { createWebhooks } from './webhooks.ts';

/** Random characters of an id: enough that no two processes have the same name by chance. */
const RIVAL_NAME_LENGTH = 12;
const OPEN_TAKE_MS = 10_000;
/** How long a start waits until changes are followed, in ms. */
const FEED_WAIT_MS = 1000;

/**
 * Opens the store on a MongoDB replica set or sharded cluster, 6.0 or newer. The database is the one in the URL's path,
 * or `keypool`. Errors: `StoreOpenError`.
 */
export async function openMongoStore(url: string, options: StoreOptions): Promise<Store> {
  const connection = await connect(url);
  try {
    const rows = collectionsOf(connection.db);
    await migrate(connection);
    await checkCandidatePlans(rows);
    return await openOn(connection, options);
  } catch (error) {
    await connection.close().catch(() => undefined);
    if (!(error instanceof MongoError)) throw error;
    throw new StoreOpenError(
      `MongoDB at ${connection.detail} did not let the schema be prepared: ${error.message}`,
      {
        cause: error,
      },
    );
  }
}

/** The store over a connection whose database is prepared. */
export async function openOn(connection: Connection, options: StoreOptions): Promise<Store> {
  return compose(connection, await followServerClock(connection, options), options);
}

function followServerClock({ client }: Connection, options: StoreOptions): Promise<StoreClock> {
  const readServerMs = async () => {
    const { localTime } = await client.db('admin').command({ hello: 1 });
    return localTime instanceof Date ? localTime.getTime() : Number.NaN;
  };
  return followStoreClock(options.clock, readServerMs, options.warn);
}

async function compose(
  { client, db, detail, isSharded, primary, patiently, close }: Connection,
  storeClock: StoreClock,
  options: StoreOptions,
): Promise<Store> {
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
  const ownSessions = createOwnSessions(options.clock.monotonicMs);
  const rows = collectionsOf(db);
  const processId = options.newId();
  const notices = createFreedNotices({ announce, processId, rows, warn: options.warn });
  const context: MongoContext = {
    client,
    db,
    election: primary.election,
    rows,
    options,
    storeClock,
    freshRank: createFreshRanks(storeClock),
    ahead: createReadAhead(options.clock.monotonicMs),
    openTakeMs: options.openTakeMs ?? OPEN_TAKE_MS,
    budgetWatch: createBudgetWatch(),
    announce,
    freed: notices.freed,
    ownSessions,
    patiently: (work) => patiently((patient) => work(collectionsOf(patient))),
    processId,
  };
  const background = createBackground(options.warn);
  const settled = createSettledTakes(options.clock.monotonicMs, (some) => flushKeys(context, some));
  const settledGroups = createSettledTakes(options.clock.monotonicMs, (some) => flushGroups(context, some));
  const { monotonicMs } = options.clock;
  const heard = { isOwn: ownSessions.has, isOwnRevision: notices.isOwn, deliver: announce, monotonicMs };
  const feed = watchChanges(db, CACHED, { ...heard, warn: options.warn });
  // What keeps it from being followed keeps the other one too, which says so.
  const noticeFeed = watchChanges(db, NOTICES, { ...heard, warn: () => {} });
  primary.onNew(() => announce({ kind: 'all' }));
  // Until changes are followed, what is cached is believed for a short time only.
  await Promise.race([feed.begun, pause(FEED_WAIT_MS, new AbortController().signal)]);
  return {
    ...createDraws({
      ...context,
      background,
      lastAudit: { election: null },
      settled,
      settledGroups,
      groups: createGroupTakes(context),
      busy: createBusyKeys(options.clock.monotonicMs),
      turns: createTierTurns(),
      rivals: createRivals(options.newId().slice(-RIVAL_NAME_LENGTH), options.clock.monotonicMs),
      directs: createDirectTakes(options.clock.monotonicMs, context.storeClock),
      scans: createScanMemory(),
      time: createVirtualTime(options.clock.monotonicMs),
    }),
    ...createTiers(context),
    ...createOutcomes(context),
    ...createQuotaGroups(context),
    ...createKeyStore(context),
    ...createKeyScans(context),
    ...createKeyMoves(context),
    ...createConsumers(context),
    ...createCredits(context),
    ...createAudit(context),
    ...createJobs(context),
    ...createSigningKeys(context),
    ...createKeptTokens(context),
    ...createDenials(context),
    ...createSealStore(context),
    ...createWebhooks(context),
    ...createAlerts(context),
    ...createDeliveries(context),
    ...createLeases(context),
    ...createSpentKeys(context),
    ...createMaintenance(context, detail),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    changeLagMs: () => (isSharded ? Infinity : Math.max(feed.lagMs(), ownSessions.oldestMs())),
    close: once(async () => {
      storeClock.close();
      feed.stop();
      noticeFeed.stop();
      await background.close();
      await notices.close();
      await settled.close();
      await settledGroups.close();
      await close();
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
