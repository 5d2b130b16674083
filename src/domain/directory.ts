import type { Clock } from '../model/clock.ts';
import type { Consumer } from '../model/consumer.ts';
import type { OwnerCredits } from '../model/credit.ts';
import type { SigningKey } from '../model/signing-key.ts';
import type { DeniedSubject } from '../model/subject.ts';
import type { Tier } from '../model/tier.ts';
import type { Change, Page, Store } from '../store/port.ts';
import { createCachedRead } from './cached-read.ts';

/** What of the directory can be told without a read; undefined where one is needed. */
export interface KnownDirectory {
  readonly consumerByTokenHash: (tokenHash: string) => Consumer | null | undefined;
  readonly tier: (id: string) => Tier | null | undefined;
  readonly allTiers: () => readonly Tier[] | undefined;
  readonly ownerCredits: (owner: string) => OwnerCredits | null | undefined;
  readonly consumerById: (id: string) => Consumer | null | undefined;
  readonly denial: (subject: string) => DeniedSubject | null | undefined;
  readonly signingKeys: () => readonly SigningKey[] | undefined;
}

/**
 * What every call needs to know and seldom changes: identities with their grants, keys of JWTs, and tiers. Never older than 2 s in
 * any process, and dropped at once when the store announces a change.
 */
export interface Directory {
  /** The same at once, for calls that come by the thousand. */
  readonly known: KnownDirectory;
  /** By SHA-256 of the token, lower-case hex. Null when there is no such consumer. */
  readonly consumerByTokenHash: (tokenHash: string) => Promise<Consumer | null>;
  readonly tier: (id: string) => Promise<Tier | null>;
  /** Every tier, ordered by id. */
  readonly allTiers: () => Promise<readonly Tier[]>;
  /** Null when there is no such consumer. */
  readonly consumerById: (id: string) => Promise<Consumer | null>;
  /** Null when tokens of that subject are accepted. */
  readonly denial: (subject: string) => Promise<DeniedSubject | null>;
  /** Null when the owner has no pool of its own. */
  readonly ownerCredits: (owner: string) => Promise<OwnerCredits | null>;
  /** Every key that signs JWTs, did, or will, ordered by when it begins. */
  readonly signingKeys: () => Promise<readonly SigningKey[]>;
  /** The ids of tiers whose keys a job is placing, or was until a second ago: a draw may have come before it. */
  readonly beingPlaced: () => Promise<ReadonlySet<string>>;
  /** Forgets one tier, because a row has seen a newer revision of it. */
  readonly forgetTier: (id: string) => void;
  /** Has the signing keys read anew, by whoever asks for them next. */
  readonly forgetSigningKeys: () => void;
  /** Stops listening to the store. */
  readonly close: () => void;
}

/** The oldest that anything read here may be: with the second that a draw may wait on it, it stays under 2 s. */
const AGE_MAX_MS = 900;
const CONSUMERS_MAX = 20_000;
const TIERS_MAX = 10_000;
const OWNERS_MAX = 20_000;
const SUBJECTS_MAX = 20_000;
/** The tag of tokens that no consumer has. */
const NOBODY = '';
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
  const told = { ...age, changeLagMs: store.changeLagMs };
  const consumers = createCachedRead({
    load: store.findConsumerByTokenHash,
    max: CONSUMERS_MAX,
    tagOf: (consumer) => consumer?.id ?? NOBODY,
    ...told,
  });
  // Not told of: when a job ends its time goes on.
  const placing = createCachedRead({ load: () => readBeingPlaced(store), max: 1, ...age });
  // Jobs are looked up after the tiers that they are for, so that nobody knows an edit and not its job.
  const beforeJobs = async <T>(reading: Promise<T>): Promise<T> => {
    const read = await reading;
    placing.clear();
    return read;
  };
  const tiers = createCachedRead({ load: (id) => beforeJobs(store.getTier(id)), max: TIERS_MAX, ...told });
  const lists = createCachedRead({ load: () => beforeJobs(readAllTiers(store)), max: 1, ...told });

  const consumersById = createCachedRead({ load: store.getConsumer, max: CONSUMERS_MAX, ...told });
  const denials = createCachedRead({ load: store.findDenial, max: SUBJECTS_MAX, ...told });
  const owners = createCachedRead({ load: store.getOwnerCredits, max: OWNERS_MAX, ...told });
  const signingKeys = createCachedRead({ load: () => store.listSigningKeys(), max: 1, ...told });

  function forgetTier(id: string): void {
    tiers.drop(id);
    lists.clear();
  }

  function forgetConsumer(id: string): void {
    consumers.dropTagged(id);
    consumersById.drop(id);
    // It may have a token now that nobody had.
    consumers.dropTagged(NOBODY);
  }

  const stop = store.onChange((change: Change) => {
    if (change.kind === 'tier') forgetTier(change.id);
    else if (change.kind === 'consumer') forgetConsumer(change.id);
    else if (change.kind === 'owner') owners.drop(change.id);
    else if (change.kind === 'subject') denials.drop(change.id);
    else if (change.kind === 'signing-keys') signingKeys.clear();
    else if (change.kind === 'all') {
      tiers.clear();
      lists.clear();
      consumers.clear();
      owners.clear();
      consumersById.clear();
      denials.clear();
      signingKeys.clear();
    }
  });

  return {
    consumerByTokenHash: consumers.get,
    tier: tiers.get,
    allTiers: () => lists.get(''),
    ownerCredits: owners.get,
    consumerById: consumersById.get,
    denial: denials.get,
    signingKeys: () => signingKeys.get(''),
    beingPlaced: () => placing.get(''),
    forgetTier,
    forgetSigningKeys: signingKeys.clear,
    known: {
      consumerByTokenHash: consumers.known,
      tier: tiers.known,
      allTiers: () => lists.known(''),
      ownerCredits: owners.known,
      consumerById: consumersById.known,
      denial: denials.known,
      signingKeys: () => signingKeys.known(''),
    },
    close: stop,
  };
}
