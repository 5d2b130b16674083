import type { DrawRequest } from '../store/port.ts';
import type { Context } from './context.ts';
import { type Asked, type Refusal, refusal, withJobs } from './draw-refusal.ts';
import type { Turn } from './paced-line.ts';
import type { DrawnKey } from './release-key.ts';
import { isOutOfReach } from './store-errors.ts';
import { freesByReports, isSameLine, type Ticket } from './waiting-lines.ts';

/** A draw that found no key, and why. */
export interface NoKey {
  readonly request: DrawRequest;
  readonly refusal: Refusal;
}

export function isNoKey(found: DrawnKey | NoKey): found is NoKey {
  return 'refusal' in found;
}

/** What a draw does that waits. Errors of both: the caller's, who is looked up anew. */
export interface Trying {
  /** Tries its luck. */
  readonly draw: () => Promise<DrawnKey | NoKey>;
  /** Looks again at what the caller may draw. */
  readonly lookAgain: () => Promise<DrawRequest>;
}

/** When a draw that was refused so may try again, on the store's clock (ms); null where waiting does not help. */
function triesAgainAt({ store }: Context, why: Refusal): number | null {
  if (why.kind === 'exhausted') return why.nextAt;
  // A store that is out of reach may be back at any time: its line pauses longer each time that it is not.
  return why.kind === 'unavailable' ? store.now() : null;
}

/** Whether a key can free before a wait is over: what is parked by time frees then, what is in flight perhaps earlier. */
function mayFree({ clock, store }: Context, ticket: Ticket, request: DrawRequest, nextAt: number): boolean {
  const leftMs = ticket.until - clock.monotonicMs();
  return leftMs > 0 && (nextAt - store.now() <= leftMs || freesByReports(request));
}

async function draw(context: Context, before: DrawRequest, trying: Trying): Promise<DrawnKey | NoKey> {
  try {
    const found = await trying.draw();
    if (!isNoKey(found)) return found;
    const { request } = found;
    return { request, refusal: await withJobs(context, request, found.refusal) };
  } catch (error) {
    if (!isOutOfReach(error)) throw error;
    return { request: before, refusal: { kind: 'unavailable' } };
  }
}

/** Has a draw whose turn it is try, and tell what came of it however that ends. */
async function tryOnce(
  context: Context,
  turn: Extract<Turn, { kind: 'try' }>,
  request: DrawRequest,
  trying: Trying,
): Promise<DrawnKey | NoKey> {
  try {
    const found = await draw(context, request, trying);
    if (isNoKey(found)) turn.end(triesAgainAt(context, found.refusal));
    return found;
  } finally {
    turn.end(null);
  }
}

/** Looks again at who waits; where the store cannot tell, it waits on: it is looked at before it is served in any case. */
async function checked(
  context: Context,
  before: DrawRequest,
  nextAt: number,
  trying: Trying,
): Promise<{ readonly request: DrawRequest; readonly refusal: Refusal }> {
  try {
    const request = await trying.lookAgain();
    // A key of a tier that it may not have used before can be free already.
    return {
      request,
      refusal: { kind: 'exhausted', nextAt: isSameLine(before, request) ? nextAt : context.store.now() },
    };
  } catch (error) {
    if (!isOutOfReach(error)) throw error;
    return { request: before, refusal: { kind: 'exhausted', nextAt } };
  }
}

/**
 * Waits in line with a draw that found no key, until one is its turn's or its wait is over. An outage of the store that
 * begins meanwhile is waited out. Errors: POOL_EXHAUSTED when none freed in time, and at once where none can; every other
 * refusal of a draw; OVERLOADED, CANCELED, SHUTTING_DOWN.
 */
export async function waitForKey(
  context: Context,
  asked: Asked,
  ticket: Ticket,
  first: NoKey,
  trying: Trying,
): Promise<DrawnKey> {
  let { request } = first;
  let why = await withJobs(context, request, first.refusal);
  if (why.kind === 'unavailable') throw refusal(context, asked, why);
  for (;;) {
    const nextAt = triesAgainAt(context, why);
    if (nextAt === null || !mayFree(context, ticket, request, nextAt)) throw refusal(context, asked, why);
    const turn = await context.waitingLines.wait(ticket, request, nextAt);
    switch (turn.kind) {
      case 'over':
        if (why.kind !== 'unavailable') why = { kind: 'exhausted', nextAt: turn.nextAt };
        throw refusal(context, asked, why);
      case 'check':
        ({ request, refusal: why } = await checked(context, request, turn.nextAt, trying));
        break;
      case 'try': {
        const found = await tryOnce(context, turn, request, trying);
        if (!isNoKey(found)) return found;
        ({ request, refusal: why } = found);
      }
    }
  }
}
