import type { Clock } from '../model/clock.ts';
import type { Consumer } from '../model/consumer.ts';
import type { Tier } from '../model/tier.ts';
import type { Change, Page, Store } from '../store/port.ts';
import { createCachedRead } from './cached-read.ts';

/**
 * What every call needs to know and seldom changes: identities with their grants, and tiers. Never older than 2 s in
 * any process, and dropped at once when the store announces a change.
 */
export interface Directory {
  /** By SHA-256 of the token, lower-case hex. Null when there is no such consumer. */
  readonly consumerByTokenHash: (tokenHash: string) => Promise<Consumer | null>;
  readonly tier: (id: string) => Promise<Tier | null>;
  /** Every tier, ordered by id. */
  readonly allTiers: () => Promise<readonly Tier[]>;
  /** The ids of tiers whose keys a job is placing, or was until a second ago: a draw may have come before it. */
  readonly beingPlaced: () => Promise<ReadonlySet<string>>;
  /** Forgets one tier, because a row has seen a newer revision of it. */
  readonly forgetTier: (id: string) => void;
  /** Stops listening to the store. */
  readonly close: () => void;
}

/** The oldest that anything read here may be: with the second that a draw may wait on it, it stays under 2 s. */
const AGE_MAX_MS = 900;
const CONSUMERS_MAX = 20_000;
const TIERS_MAX = 10_000;
const PAGE = 1000;
/** How long a job that has ended still explains an empty pool. */
const PLACED_LATELY_MS = 1000;

async function readAllTiers(store: Store): Promise<readonly Tier[]> {
  const tiers: Tier[] = [];
  let after: string | null = null;
  do {
    const page: Page<Tier> = await store.listTiers({ after, limit: PAGE });
    tiers.push(...page.items);
    after = page.next;
  } while (after !== null);
  return tiers;
}

async function readBeingPlaced(store: Store): Promise<ReadonlySet<string>> {
  const jobs = await store.listJobs();
  const since = store.now() - PLACED_LATELY_MS;
  return new Set(
    jobs.filter((job) => job.state === 'running' || job.updatedAt > since).map(({ tierId }) => tierId),
  );
}

export function createDirectory(store: Store, clock: Clock): Directory {
  const age = { ttlMs: AGE_MAX_MS, monotonicMs: clock.monotonicMs };
  const hashOfConsumer = new Map<string, string>();
  const consumers = createCachedRead({
    load: async (tokenHash) => {
      const consumer = await store.findConsumerByTokenHash(tokenHash);
      if (consumer !== null) {
        if (hashOfConsumer.size >= CONSUMERS_MAX) hashOfConsumer.clear();
        hashOfConsumer.set(consumer.id, tokenHash);
      }
      return consumer;
    },
    max: CONSUMERS_MAX,
    ...age,
  });
  const placing = createCachedRead({ load: () => readBeingPlaced(store), max: 1, ...age });
  // Jobs are looked up after the tiers that they are for, so that nobody knows an edit and not its job.
  const beforeJobs = async <T>(reading: Promise<T>): Promise<T> => {
    const read = await reading;
    placing.clear();
    return read;
  };
  const tiers = createCachedRead({ load: (id) => beforeJobs(store.getTier(id)), max: TIERS_MAX, ...age });
  const lists = createCachedRead({ load: () => beforeJobs(readAllTiers(store)), max: 1, ...age });

  function forgetTier(id: string): void {
    tiers.drop(id);
    lists.clear();
  }

  function forgetConsumer(id: string): void {
    const hash = hashOfConsumer.get(id);
    // Without a note of its hash (never read, or the notes were full) everything goes: rare, and always right.
    if (hash === undefined) consumers.clear();
    else consumers.drop(hash);
    hashOfConsumer.delete(id);
  }

  const stop = store.onChange((change: Change) => {
    if (change.kind === 'tier') forgetTier(change.id);
    else if (change.kind === 'consumer') forgetConsumer(change.id);
    else {
      tiers.clear();
      lists.clear();
      consumers.clear();
      hashOfConsumer.clear();
    }
  });

  return {
    consumerByTokenHash: consumers.get,
    tier: tiers.get,
    allTiers: () => lists.get(''),
    beingPlaced: () => placing.get(''),
    forgetTier,
    close: stop,
  };
}
