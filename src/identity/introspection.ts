import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  ConsecutiveBreaker,
  circuitBreaker,
  DelegateBackoff,
  handleType,
} from 'cockatiel';
import type { DomainLog } from '../domain/context.ts';
import { KeypoolError } from '../domain/errors.ts';
import type { Introspect } from '../domain/foreign-tokens.ts';
import { createUnderWay } from '../model/under-way.ts';
import {
  createIntrospectionClient,
  type IntrospectionEndpoint,
  IntrospectionFailure,
  UnusableAnswer,
} from './introspection-client.ts';
import type { SubjectRules } from './subject-rules.ts';

export interface IntrospectionParts {
  readonly endpoint: IntrospectionEndpoint;
  readonly rules: SubjectRules;
  readonly log: DomainLog;
  /** The store's time in ms. */
  readonly now: () => number;
  readonly monotonicMs: () => number;
  /** The first pause for a server that fails, in ms; each further one is twice as long, up to 30 s. */
  readonly pauseMs?: number;
}

/** Failures in a row after which the server is left alone for a while. */
const FAILURES_MAX = 5;
const PAUSE_MS = 1000;
const PAUSE_MAX_MS = 30_000;
/** How far wall clock and monotonic clock may differ about a pause, in ms. */
const WALL_CLOCK_MS = 1000;
const UNDER_WAY_MAX = 64;
const WAITING_MAX = 1024;
/** Of all these places, how many one asker can have at a time. */
const OF_ONE_MAX = (UNDER_WAY_MAX + WAITING_MAX) / 8;
/** What a caller is told to wait that met a single failure, in ms. */
const RETRY_MS = 1000;

function unavailable(retryAfterMs: number, cause?: unknown): KeypoolError {
  return new KeypoolError(
    'INTROSPECTION_UNAVAILABLE',
    'The authorization server does not tell whether this token is good. Try again shortly.',
    { retryAfterMs, cause },
  );
}

/** Runs a question unless the server is left alone; `openMs`: for how long it still is. */
interface Breaker {
  readonly execute: <T>(ask: () => Promise<T>) => Promise<T>;
  readonly openMs: () => number;
}

function createBreaker({ log, monotonicMs, pauseMs = PAUSE_MS }: IntrospectionParts): Breaker {
  let openUntil = -Infinity;
  function closed() {
    const made = circuitBreaker(handleType(IntrospectionFailure), {
      breaker: new ConsecutiveBreaker(FAILURES_MAX),
      halfOpenAfter: new DelegateBackoff(({ attempt }: { readonly attempt: number }) => {
        const ms = Math.min(PAUSE_MAX_MS, pauseMs * 2 ** Math.min(attempt - 1, 16));
        openUntil = monotonicMs() + ms;
        log.warn({ pause_ms: ms }, 'the authorization server fails: it is left alone for a while');
        return ms;
      }),
    });
    made.onReset(() => log.info({}, 'the authorization server answers again'));
    return made;
  }
  let breaker = closed();
  return {
    execute: async (ask) => {
      try {
        return await breaker.execute(ask);
      } catch (error) {
        const isOver = monotonicMs() > openUntil + WALL_CLOCK_MS;
        if (!(error instanceof BrokenCircuitError && isOver)) throw error;
        // It goes by the wall clock: set back by an hour, that would keep it open for an hour more.
        breaker = closed();
        return breaker.execute(ask);
      }
    },
    openMs: () => Math.max(1, openUntil - monotonicMs()),
  };
}

/** Asks the server about tokens and applies the operator's rules to what it says. */
export function createIntrospection(parts: IntrospectionParts): Introspect {
  const { endpoint, rules, log, now } = parts;
  const ask = createIntrospectionClient(endpoint);
  const breaker = createBreaker(parts);
  const room = bulkhead(UNDER_WAY_MAX, WAITING_MAX);
  const asked = createUnderWay();
  return async (token, from) => {
    if (from !== undefined) {
      if (asked.of(from) >= OF_ONE_MAX) throw unavailable(RETRY_MS);
      asked.enter(from);
    }
    try {
      const claims = await room.execute(() => breaker.execute(() => ask(token)));
      return claims === null ? null : rules.subjectOf(claims, now());
    } catch (error) {
      if (error instanceof UnusableAnswer) {
        log.warn({ problem: error.message }, 'the answer about a token cannot be used: it is refused');
        return null;
      }
      if (error instanceof BrokenCircuitError) throw unavailable(breaker.openMs(), error);
      if (error instanceof IntrospectionFailure || error instanceof BulkheadRejectedError)
        throw unavailable(RETRY_MS, error);
      throw error;
    } finally {
      if (from !== undefined) asked.leave(from);
    }
  };
}
