import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { v7 as uuid } from 'uuid';
import type { Call, Context, Identity } from '../../src/domain/context.ts';
import { type ContextParts, createContext } from '../../src/domain/create-context.ts';
import { identityByToken } from '../../src/domain/identity.ts';
import { openSealing } from '../../src/domain/start-check.ts';
import type { Consumer } from '../../src/model/consumer.ts';
import { createSealer } from '../../src/model/sealing.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { type TestClock, testClock } from '../support/test-clock.ts';

/** Timers that do not keep the process alive. */
export function unheldTimers(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms).unref();
  return () => clearTimeout(timer);
}

export interface Domain {
  readonly context: Context;
  readonly clock: TestClock;
  readonly rootToken: string;
  /** A call by the root token. */
  readonly root: Call;
  /** What was logged, messages only. */
  readonly logged: readonly string[];
}

export function callBy(identity: Identity): Call {
  return { identity, requestId: 'request-1', peerAddress: '192.0.2.1' };
}

export function callOf(consumer: Consumer): Call {
  return callBy(identityByToken(consumer));
}

/** The domain over a fresh database in memory, with sealing on, under a clock that is stepped. Goes with the test. */
export async function openDomain(t: TestContext, parts: Partial<ContextParts> = {}): Promise<Domain> {
  const clock = testClock();
  const logged: string[] = [];
  const note = (_: unknown, message: string): void => {
    logged.push(message);
  };
  const store = await openSqliteStore(':memory:', {
    clock,
    newId: uuid,
    warn: (message) => note({}, message),
  });
  const sealer = createSealer(randomBytes(32), [], randomBytes);
  const rootToken = randomBytes(20).toString('hex');
  const context = createContext({
    store,
    clock,
    newId: () => uuid(),
    randomBytes,
    sealer,
    fingerprintKey: await openSealing(store, sealer, randomBytes),
    tokenPrefix: 'kp',
    rootToken,
    heavyCallsMax: 2,
    after: unheldTimers,
    log: { info: note, warn: note, error: note },
    version: '0.0.0-test',
    ...parts,
  });
  t.after(async () => {
    context.directory.close();
    await store.close();
  });
  return { context, clock, rootToken, root: callBy({ kind: 'root' }), logged };
}
