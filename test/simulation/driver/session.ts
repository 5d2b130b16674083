import { type ClientSession, MongoError, MongoNetworkError, type TransactionOptions } from 'mongodb';
import type { Transaction } from '../document-store/command.ts';
import type { Link } from '../link.ts';
import type { VirtualTime } from '../virtual-time.ts';
import { valueIn } from './errors.ts';
import { strict } from './strict.ts';

const TRANSIENT = 'TransientTransactionError';
/** As the driver has them, without its jitter. */
const BACKOFF = { firstMs: 5, growth: 1.5, mostMs: 500 };
const COMMIT_TRIES_MAX = 20;

interface SessionState {
  transaction: Transaction | null;
}

const states = new WeakMap<object, SessionState>();

/** The transaction under way in the session of a command, if it has one. */
export function transactionIn(session: ClientSession | undefined): Transaction | undefined {
  return session === undefined ? undefined : (states.get(session)?.transaction ?? undefined);
}

export function createSession(name: string, link: Link, time: VirtualTime): ClientSession {
  const state: SessionState = { transaction: null };
  let begun = 0;
  const pause = (tries: number) => {
    const ms = Math.min(BACKOFF.firstMs * BACKOFF.growth ** tries, BACKOFF.mostMs);
    return new Promise<void>((resolve) => time.after(ms, resolve));
  };

  const abortTransaction = async () => {
    if (state.transaction !== null) link.abort(state.transaction);
    state.transaction = null;
  };

  /** As the driver does: an unknown end is asked for again, which gives the end that it had. */
  const commit = async (transaction: Transaction): Promise<void> => {
    if (transaction.member === null) return;
    for (let tries = 1; ; tries += 1) {
      try {
        const answer = await link.commit(transaction);
        if (answer.kind === 'unconfirmed') throw new MongoNetworkError('unknown end of a transaction');
        valueIn(answer);
        return;
      } catch (error) {
        if (!(error instanceof MongoNetworkError) || tries === COMMIT_TRIES_MAX) throw error;
      }
      await pause(tries);
    }
  };

  const withTransaction = async <T>(work: (session: ClientSession) => Promise<T>, _: TransactionOptions) => {
    for (let tries = 1; ; tries += 1) {
      begun += 1;
      const transaction: Transaction = {
        id: `${name}-${begun}`,
        member: null,
        draft: null,
        startedAt: 0,
        isOver: false,
      };
      state.transaction = transaction;
      try {
        const result = await work(session);
        if (state.transaction === null) return result;
        await commit(transaction);
        state.transaction = null;
        return result;
      } catch (error) {
        await abortTransaction();
        const isTransient =
          error instanceof MongoError &&
          (error.hasErrorLabel(TRANSIENT) || error instanceof MongoNetworkError);
        if (!isTransient) throw error;
      }
      await pause(tries);
    }
  };

  const session: ClientSession = strict(
    'session',
    Object.assign(Object.create(null), {
      id: {},
      withTransaction,
      abortTransaction,
      endSession: async () => {},
    }),
  );
  states.set(session, state);
  return session;
}
