import type { DrawRequest } from '../store/port.ts';
import type { Context } from './context.ts';
import { type Asked, type Refusal, refusal, withJobs } from './draw-refusal.ts';
import type { Turn } from './paced-line.ts';
import type { DrawnKey } from './release-key.ts';
import { freesByReports, type Ticket } from './waiting-lines.ts';

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

/** Whether a key can free before a wait is over: what is parked by time frees then, what is in flight perhaps earlier. */
function mayFree({ clock, store }: Context, ticket: Ticket, request: DrawRequest, nextAt: number): boolean {
  const leftMs = ticket.until - clock.monotonicMs();
  return leftMs > 0 && (nextAt - store.now() <= leftMs || freesByReports(request));
}

/** Has a draw whose turn it is try, and tell what came of it however that ends. */
async function tryOnce(
  context: Context,
  turn: Extract<Turn, { kind: 'try' }>,
  trying: Trying,
): Promise<DrawnKey | NoKey> {
  try {
    const found = await trying.draw();
    if (!isNoKey(found)) return found;
    const why = await withJobs(context, found.request, found.refusal);
    if (why.kind === 'exhausted') turn.end(why.nextAt);
    return { request: found.request, refusal: why };
  } finally {
    turn.end(null);
  }
}

/**
 * Waits in line with a draw that found no key, until one is its turn's or its wait is over. Errors: POOL_EXHAUSTED when
 * none freed in time, and at once where none can; every other refusal of a draw; OVERLOADED, CANCELED, SHUTTING_DOWN.
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
  for (;;) {
    if (why.kind !== 'exhausted' || !mayFree(context, ticket, request, why.nextAt))
      throw refusal(context, asked, why);
    const turn = await context.waitingLines.wait(ticket, request, why.nextAt);
    switch (turn.kind) {
      case 'over':
        throw refusal(context, asked, { kind: 'exhausted', nextAt: turn.nextAt });
      case 'check':
        request = await trying.lookAgain();
        why = { kind: 'exhausted', nextAt: turn.nextAt };
        break;
      case 'try': {
        const found = await tryOnce(context, turn, trying);
        if (!isNoKey(found)) return found;
        ({ request, refusal: why } = found);
      }
    }
  }
}
