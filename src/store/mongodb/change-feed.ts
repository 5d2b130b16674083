import type { ChangeStream, ChangeStreamDocument, Db } from 'mongodb';
import type { Change, StoreOptions } from '../port.ts';
import { pause } from './background.ts';

const REOPEN_AFTER_MS = 500;
/** So many answers without a change in a row may come sooner. */
const EARLY_MAX = 10;

/** Collections that are followed together. */
interface Followed {
  readonly collections: readonly string[];
  /** How long the server waits for a change before it says that there is none, in ms. */
  readonly lookMs: number;
}

/** What is cached: it is as true as the last look. */
export const CACHED: Followed = {
  collections: ['tiers', 'consumers', 'denied_subjects', 'owner_credits', 'signing_keys'],
  lookMs: 250,
};
/** Changes so often while keys come free that a feed of what is cached would never hear that there is nothing more. */
export const NOTICES: Followed = { collections: ['freed_tiers'], lookMs: 500 };

/** Rows are also written for their locks and moments of last use; those writes change nothing that is cached. */
const watched = (collections: readonly string[]) => [
  {
    $match: {
      'ns.coll': { $in: [...collections] },
      $or: [
        { operationType: { $ne: 'update' } },
        { 'updateDescription.updatedFields.updatedAt': { $exists: true } },
        { 'updateDescription.updatedFields.version': { $exists: true } },
        { 'updateDescription.updatedFields.revision': { $exists: true } },
      ],
    },
  },
];

export interface ChangeFeed {
  /** Resolves when changes are followed, or cannot be for now. */
  readonly begun: Promise<void>;
  /** How long ago every change acknowledged until then had been delivered, in ms; Infinity while none is followed. */
  readonly lagMs: () => number;
  /** Starts nothing again; what waits for the server ends with the connection. */
  readonly stop: () => void;
}

export interface ChangeFeedParts {
  /** True for what this process announces by itself, by its session. */
  readonly isOwn: (session: unknown) => boolean;
  /** True for the revision of a row that this process wrote outside of a session. */
  readonly isOwnRevision: (revision: unknown) => boolean;
  readonly deliver: (change: Change) => void;
  readonly monotonicMs: () => number;
  readonly warn: StoreOptions['warn'];
}

/** Watches what others change in some collections; whenever it begins, all may have changed before. */
export function watchChanges(db: Db, { collections, lookMs }: Followed, parts: ChangeFeedParts): ChangeFeed {
  const { isOwn, isOwnRevision, deliver, monotonicMs, warn } = parts;
  const stop = new AbortController();
  const begun = Promise.withResolvers<void>();
  let stream: ChangeStream | null = null;
  let warned = false;
  let deliveredAt = -Infinity;
  let early = 0;

  const pass = (change: ChangeStreamDocument) => {
    const isKnown = ('lsid' in change && isOwn(change.lsid)) || isOwnRevision(revisionOf(change));
    if (!isKnown) deliver(toChange(change));
  };

  /** One look; an answer without a change tells that there was none left when it was asked for. */
  const look = async (from: ChangeStream): Promise<void> => {
    const askedAt = monotonicMs();
    const change = await from.tryNext();
    if (change !== null) return pass(change);
    // One that has ended, as that of a dropped database, says so at once and for ever: no other event would run.
    early = monotonicMs() - askedAt < lookMs / 2 ? early + 1 : 0;
    if (early > EARLY_MAX) throw new Error('the change stream has ended');
    deliveredAt = askedAt;
  };

  const follow = async () => {
    const from = db.watch(watched(collections), { maxAwaitTimeMS: lookMs });
    stream = from;
    early = 0;
    const askedAt = monotonicMs();
    // Told with the answer that begins it, the first look's end later.
    from.once('resumeTokenChanged', () => {
      warned = false;
      // What was read before it began may have changed until then, also before the first one: it may have begun late.
      deliver({ kind: 'all' });
      deliveredAt = askedAt;
      begun.resolve();
    });
    while (!stop.signal.aborted) await look(from);
  };

  const run = async () => {
    while (!stop.signal.aborted) {
      try {
        await follow();
      } catch (error) {
        // Out of reach, or not possible here: tried again, and callers believe what they cached for a short time only.
        if (!stop.signal.aborted && !warned)
          warn('Changes by others cannot be followed at the moment.', error);
        warned = true;
      }
      deliveredAt = -Infinity;
      begun.resolve();
      await stream?.close().catch(() => undefined);
      await pause(REOPEN_AFTER_MS, stop.signal);
    }
  };

  void run();
  return { begun: begun.promise, lagMs: () => monotonicMs() - deliveredAt, stop: () => stop.abort() };
}

/** The `revision` that a row was given. */
function revisionOf(change: ChangeStreamDocument): unknown {
  if (change.operationType === 'update') return change.updateDescription.updatedFields?.revision;
  return change.operationType === 'insert' ? change.fullDocument.revision : undefined;
}

function toChange(change: ChangeStreamDocument): Change {
  if (!('documentKey' in change) || !('ns' in change) || !('coll' in change.ns)) return { kind: 'all' };
  const id = String(change.documentKey?._id);
  switch (change.ns.coll) {
    case 'tiers':
      return { kind: 'tier', id };
    case 'freed_tiers':
      return { kind: 'freed', tierId: id };
    case 'owner_credits':
      return { kind: 'owner', id };
    case 'denied_subjects':
      return { kind: 'subject', id };
    case 'signing_keys':
      return { kind: 'signing-keys' };
    default:
      return { kind: 'consumer', id };
  }
}
