import { type ClientSession, MongoError, type TransactionOptions } from 'mongodb';
import { StoreError } from '../errors.ts';
import type { MongoContext } from './context.ts';
import { isDuplicateKey } from './driver-errors.ts';

/** The driver would go on for two minutes; an admin's call shall end sooner. */
const RETRY_MAX_MS = 15_000;

const TRANSACTION: TransactionOptions = {
  readConcern: { level: 'snapshot' },
  writeConcern: { w: 'majority', journal: true },
  readPreference: 'primary',
  maxCommitTimeMS: 5_000,
};

/**
 * Runs `work` in a transaction, durable on a majority when it resolves, and again after a conflict with another
 * writer. What `work` throws aborts it.
 */
export function transact<T>(
  { client, options, ownSessions, announce }: MongoContext,
  work: (session: ClientSession) => Promise<T>,
): Promise<T> {
  const startedAt = options.clock.monotonicMs();
  const attempt = (session: ClientSession) => {
    if (options.clock.monotonicMs() - startedAt > RETRY_MAX_MS)
      throw new StoreError('unavailable', 'The change met too many others at the same time; try again.');
    return work(session);
  };
  return client.withSession(async (session) => {
    ownSessions.begin(session);
    try {
      const result = await session.withTransaction(async (current) => attempt(current), TRANSACTION);
      ownSessions.end(session, true);
      return result;
    } catch (error) {
      ownSessions.end(session, false);
      // It may be committed all the same, and the news of it may have passed while it counted as one's own.
      if (error instanceof MongoError && !isDuplicateKey(error)) announce({ kind: 'all' });
      throw error;
    }
  });
}
