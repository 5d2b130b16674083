import { openUpstreamCaller } from './upstream-caller.ts';

/** Callers that draw a key, use it at the upstream, and report how that ended; as JSON. */
export interface UpstreamCallers {
  readonly callers: number;
  /** Processes of the service; a caller goes on to the next one when its own is gone. */
  readonly urls: readonly string[];
  readonly useUrl: string;
  readonly token: string;
  readonly feature: string;
  /** No draw is sent from this moment (ms since 1970) on, and none waits beyond it. */
  readonly endAt: number;
}

/** One drawn key and what came of its use. Moments in ms since 1970, by the caller's monotonic clock. */
export interface UpstreamUse {
  readonly drawId: string;
  readonly keyId: string;
  /** When the draw was sent, and when its answer was there. */
  readonly sentAt: number;
  readonly drawnAt: number;
  /** The upstream's status; 0 when no answer came. */
  readonly status: number;
  /** When the report was acknowledged; null when it never was. */
  readonly reportedAt: number | null;
}

export interface UpstreamUses {
  readonly uses: readonly UpstreamUse[];
  /** Draws and reports that were refused, by reason. */
  readonly refused: Readonly<Record<string, number>>;
}

/** Keeps the callers busy until the end, and gives what all of them did. */
export async function runUpstreamCallers(plan: UpstreamCallers): Promise<UpstreamUses> {
  const uses: UpstreamUse[] = [];
  const refused: Record<string, number> = {};
  const refusedFor = (reason: string): void => {
    refused[reason] = (refused[reason] ?? 0) + 1;
  };
  const keepUsing = async (number: number): Promise<void> => {
    const caller = openUpstreamCaller(plan, number, refusedFor);
    for (let use = await caller.useOne(); use !== 'over'; use = await caller.useOne())
      if (use !== 'again') uses.push(use);
    caller.close();
  };
  await Promise.all(Array.from({ length: plan.callers }, (_, number) => keepUsing(number)));
  return { uses, refused };
}
