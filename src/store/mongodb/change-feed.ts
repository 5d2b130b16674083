import type { ChangeStream, ChangeStreamDocument, Db } from 'mongodb';
import type { Change, StoreOptions } from '../port.ts';
import { pause } from './background.ts';

const REOPEN_AFTER_MS = 500;

/** Rows are also written for their locks and moments of last use; those writes change nothing that is cached. */
const WATCHED = [
  {
    $match: {
      'ns.coll': { $in: ['tiers', 'consumers'] },
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
  /** Starts nothing again; what waits for the server ends with the connection. */
  readonly stop: () => void;
}

/** Watches what others change, which `isOwn` tells by the session; after a gap, all may have changed. */
export function watchChanges(
  db: Db,
  isOwn: (session: unknown) => boolean,
  deliver: (change: Change) => void,
  warn: StoreOptions['warn'],
): ChangeFeed {
  const stop = new AbortController();
  let stream: ChangeStream | null = null;
  let warned = false;

  const pass = (change: ChangeStreamDocument) => {
    if (!('lsid' in change && isOwn(change.lsid))) deliver(toChange(change));
  };

  const follow = async (afterGap: boolean) => {
    stream = db.watch(WATCHED, { maxAwaitTimeMS: 1000 });
    const first = await stream.tryNext();
    warned = false;
    if (afterGap) deliver({ kind: 'all' });
    if (first !== null) pass(first);
    for await (const change of stream) pass(change);
  };

  const run = async () => {
    for (let afterGap = false; !stop.signal.aborted; afterGap = true) {
      try {
        await follow(afterGap);
      } catch (error) {
        // Out of reach, or not possible here: tried again, and callers believe what they cached for a short time only.
        if (!stop.signal.aborted && !warned)
          warn('Changes by others cannot be followed at the moment.', error);
        warned = true;
      }
      await stream?.close().catch(() => undefined);
      await pause(REOPEN_AFTER_MS, stop.signal);
    }
  };

  void run();
  return { stop: () => stop.abort() };
}

function toChange(change: ChangeStreamDocument): Change {
  if (!('documentKey' in change) || !('ns' in change) || !('coll' in change.ns)) return { kind: 'all' };
  const id = String(change.documentKey?._id);
  return change.ns.coll === 'tiers' ? { kind: 'tier', id } : { kind: 'consumer', id };
}
