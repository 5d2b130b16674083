import type { Context } from '../domain/context.ts';

/** How this process is, as `GET /health` answers it. */
export interface HealthReport {
  readonly status: 'serving' | 'store_unreachable' | 'shutting_down';
  readonly store: { readonly kind: string; readonly reachable: boolean };
  readonly encryption: { readonly enabled: boolean };
  /** Where credits are counted: `local`, by this process alone, while the store is out of reach. */
  readonly credits: { readonly counted: 'store' | 'local' };
  readonly version: string;
  readonly uptime_seconds: number;
}

export interface Health {
  /** The state now, at most a second old as far as the store goes. Never rejects. */
  readonly check: () => Promise<HealthReport>;
  /** Fires when the process begins to shut down. */
  readonly shutdown: AbortSignal;
}

/** Anybody may ask, so the store is asked at most this often. */
const AGE_MAX_MS = 1000;
/** A store that takes longer to tell how it is counts as out of reach. */
const ANSWER_MAX_MS = 2000;

type StoreState = HealthReport['store'];

function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Watches over the store behind a context; `shutdown` is fired by whoever stops the process. */
export function createHealth(context: Context, shutdown: AbortSignal): Health {
  let kind = 'unknown';
  let known: { readonly at: number; readonly state: Promise<StoreState> } | null = null;

  async function askStore(): Promise<StoreState> {
    try {
      const status = await within(context.store.status(), ANSWER_MAX_MS);
      kind = status.kind;
      return { kind, reachable: status.reachable };
    } catch (error) {
      context.log.warn({ err: error }, 'the store does not tell how it is');
      return { kind, reachable: false };
    }
  }

  return {
    shutdown,
    check: async () => {
      const now = context.clock.monotonicMs();
      if (known === null || now - known.at > AGE_MAX_MS) known = { at: now, state: askStore() };
      const store = await known.state;
      const up = store.reachable ? 'serving' : 'store_unreachable';
      return {
        status: shutdown.aborted ? 'shutting_down' : up,
        store,
        encryption: { enabled: context.sealer.keyId !== null },
        credits: { counted: context.credits.isLocal() ? 'local' : 'store' },
        version: context.version,
        uptime_seconds: Math.floor((now - context.startedAtMonotonicMs) / 1000),
      };
    },
  };
}
