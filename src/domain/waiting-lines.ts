import type { DrawQueue } from '../model/round.ts';
import type { Change, DrawRequest, MaintenanceStore } from '../store/port.ts';
import { callerGone, shuttingDown } from './ended-calls.ts';
import { KeypoolError } from './errors.ts';
import { subjectCallerId } from './identity.ts';
import {
  createPacedLine,
  type InLine,
  type PacedLine,
  type PacedLineParts,
  type Turn,
} from './paced-line.ts';
import type { Waiter } from './waiting-line.ts';

/** A draw that may wait: its place among all of the process, and until when (monotonic, ms). */
export interface Ticket extends Waiter {
  readonly signal: AbortSignal | undefined;
}

/** Draws that wait until a key frees; in lines of those that the same keys could serve alike. */
export interface WaitingLines {
  /** Gives a draw its place among all, as of now. */
  readonly ticket: (maxWaitMs: number, signal: AbortSignal | undefined) => Ticket;
  /** Until when (the store's ms) nothing can be had, as far as a line knows that waits for the same; null: nobody does. */
  readonly blockedUntil: (request: DrawRequest) => number | null;
  /**
   * Waits in line; `nextAt` is when a key frees, as the store said. Rejects with OVERLOADED when too many wait, CANCELED
   * when the caller has gone, SHUTTING_DOWN.
   */
  readonly wait: (ticket: Ticket, request: DrawRequest, nextAt: number) => Promise<Turn>;
  /** How many wait. */
  readonly count: () => number;
  /** Ends every wait with SHUTTING_DOWN, and lets nobody wait any more. */
  readonly close: () => void;
}

export interface WaitingLinesParts extends Pick<PacedLineParts, 'clock' | 'after'> {
  readonly store: Pick<MaintenanceStore, 'now' | 'onChange' | 'changeLagMs'>;
  /** Draws that may wait, over all lines. */
  readonly max?: number;
}

const WAITING_MAX = 10_000;
const OVERLOAD_RETRY_MS = 500;

interface Line {
  readonly paced: PacedLine;
  readonly tierIds: ReadonlySet<string>;
}

const tiersOf = new WeakMap<readonly DrawQueue[], string>();

/** Names what draws of the same line have in common, across edits of their tiers. */
function nameOf({ feature, units, queues }: DrawRequest): string {
  const known = tiersOf.get(queues);
  const tiers = known ?? queues.map(({ tierId }) => tierId).join();
  if (known === undefined) tiersOf.set(queues, tiers);
  return `${feature} ${units} ${tiers}`;
}

/** True where two draws wait for the same. */
export function isSameLine(a: DrawRequest, b: DrawRequest): boolean {
  return nameOf(a) === nameOf(b);
}

/** True where the report of a draw can free its key, or a part of it, before the time that the store tells. */
export function freesByReports({ queues }: Pick<DrawRequest, 'queues'>): boolean {
  return queues.some(({ policy }) => policy.settleTimeoutMs !== null);
}

function overloaded(): KeypoolError {
  const message = 'Too many draws are waiting for a key. Try again shortly, or do not wait.';
  return new KeypoolError('OVERLOADED', message, { retryAfterMs: OVERLOAD_RETRY_MS });
}

/** Has the lines that a change concerns look at it. */
function hear(lines: Iterable<Line>, change: Change): void {
  for (const { paced, tierIds } of [...lines])
    switch (change.kind) {
      case 'all':
        paced.wake();
        break;
      case 'tier':
      case 'freed':
        if (tierIds.has(change.kind === 'tier' ? change.id : change.tierId)) paced.wake();
        break;
      case 'consumer':
        paced.check(({ callerId }) => callerId === change.id);
        break;
      case 'subject':
        paced.check(({ callerId }) => callerId === subjectCallerId(change.id));
        break;
      case 'signing-keys':
        // Any of them may have come with a JWT.
        paced.check(() => true);
    }
}

export function createWaitingLines(parts: WaitingLinesParts): WaitingLines {
  const { store, clock, max = WAITING_MAX } = parts;
  const lines = new Map<string, Line>();
  const refusals = new Map<InLine, (error: KeypoolError) => void>();
  let order = 0;
  let isClosed = false;
  const stop = store.onChange((change) => {
    if (lines.size > 0) hear(lines.values(), change);
  });

  function lineOf(request: DrawRequest): PacedLine {
    const name = nameOf(request);
    const known = lines.get(name)?.paced;
    if (known !== undefined) return known;
    const onEmpty = (): void => {
      if (lines.get(name)?.paced === paced) lines.delete(name);
    };
    const paced = createPacedLine({ ...parts, isReported: freesByReports(request), onEmpty });
    lines.set(name, { paced, tierIds: new Set(request.queues.map(({ tierId }) => tierId)) });
    return paced;
  }

  function join(ticket: Ticket, request: DrawRequest, nextAt: number): Promise<Turn> {
    const { signal, order, until } = ticket;
    const line = lineOf(request);
    return new Promise((resolve, reject) => {
      const stand = (): void => {
        refusals.delete(waiter);
        signal?.removeEventListener('abort', onGone);
      };
      const onGone = (): void => {
        if (line.leave(waiter)) refuse(callerGone());
      };
      const refuse = (error: KeypoolError): void => {
        stand();
        reject(error);
      };
      const call = (turn: Turn): void => {
        stand();
        resolve(turn);
      };
      const waiter: InLine = { order, until, callerId: request.consumerId, call };
      refusals.set(waiter, refuse);
      signal?.addEventListener('abort', onGone);
      line.join(waiter, nextAt);
    });
  }

  return {
    ticket: (maxWaitMs, signal) => {
      order += 1;
      return { order, until: clock.monotonicMs() + maxWaitMs, signal };
    },
    blockedUntil: (request) =>
      lines.size === 0 ? null : (lines.get(nameOf(request))?.paced.blockedUntil() ?? null),
    wait: async (ticket, request, nextAt) => {
      if (isClosed) throw shuttingDown();
      if (refusals.size >= max) throw overloaded();
      if (ticket.signal?.aborted === true) throw callerGone();
      return join(ticket, request, nextAt);
    },
    count: () => refusals.size,
    close: () => {
      isClosed = true;
      stop();
      for (const { paced } of lines.values()) paced.close();
      for (const refuse of [...refusals.values()]) refuse(shuttingDown());
      lines.clear();
    },
  };
}
