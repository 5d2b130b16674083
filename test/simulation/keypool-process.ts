import { startBackgroundTask } from '../../src/domain/background-task.ts';
import { createRounds, type Rounds } from '../../src/domain/rounds.ts';
import type { OutcomeReport } from '../../src/model/outcome-report.ts';
import type { DrawQueue } from '../../src/model/round.ts';
import { queueName, type Tier } from '../../src/model/tier.ts';
import { StoreError } from '../../src/store/errors.ts';
import type { Connection } from '../../src/store/mongodb/connection.ts';
import { openOn } from '../../src/store/mongodb/open.ts';
import type { Drawn, Store, StoreOptions } from '../../src/store/port.ts';
import type { Owner, VirtualTime } from './virtual-time.ts';

/** One draw as a caller asks for it. */
export interface Ask {
  readonly feature: string;
  readonly units: number;
  readonly requestId: string | null;
}

export type Answer =
  | { readonly kind: 'served'; readonly drawId: string }
  | { readonly kind: 'exhausted'; readonly waitMs: number }
  | { readonly kind: 'empty' | 'gone' | 'refused' | 'unavailable' };

/** A value at the moment it leaves a process. */
export interface Leaving {
  readonly draw: Drawn;
  readonly ask: Ask;
  readonly process: string;
  /** True time, in ms. */
  readonly atMs: number;
}

/** A Keypool process: the adapter, the rounds of the domain over it, and what a process does in the background. */
export interface KeypoolProcess {
  readonly name: string;
  readonly owner: Owner;
  /** The open store; null while it is being opened. */
  readonly store: () => Store | null;
  /** When the store was open, in ms; Infinity before. */
  readonly openedAtMs: () => number;
  /** Asks it for a draw; the answer does not come when it dies. */
  readonly ask: (ask: Ask, answer: (answer: Answer) => void) => void;
  /** Tells it how a draw went; false comes of it where that is not known to be on record. */
  readonly report: (report: OutcomeReport, answer: (isReported: boolean) => void) => void;
  readonly kill: () => void;
  readonly stall: (forMs: number) => void;
}

export interface ProcessOptions {
  readonly name: string;
  readonly time: VirtualTime;
  readonly connect: (owner: Owner) => Connection;
  readonly store: Pick<StoreOptions, 'newId' | 'warn' | 'openTakeMs' | 'clock'>;
  readonly left: (leaving: Leaving) => void;
  /** Tells of an error that no caller should ever see. */
  readonly broken: (error: unknown) => void;
}

const OPEN_AGAIN_MS = 100;
/** As `src/domain/maintenance.ts` has them. */
const RECOVERY_EVERY_MS = 1000;
const RECOVERY_BATCH = 100;
const TIERS_FRESH_MS = 1000;
/** As `src/domain/draw-key.ts` has it. */
const TRIES_MAX = 8;

export function startProcess(options: ProcessOptions): KeypoolProcess {
  const { name, time } = options;
  const { monotonicMs } = options.store.clock;
  let alive = true;
  let stalledUntil = 0;
  let openedAtMs = Infinity;
  const owner: Owner = { alive: () => alive, stalledUntil: () => stalledUntil };
  let running: { readonly store: Store; readonly rounds: Rounds } | null = null;

  const open = async () => {
    for (;;) {
      try {
        const store = await openOn(options.connect(owner), options.store);
        openedAtMs = time.nowMs();
        running = { store, rounds: createRounds(store, { monotonicMs }) };
        startRecovery(store, time);
        return;
      } catch {
        await new Promise<void>((resolve) => time.after(OPEN_AGAIN_MS, resolve));
      }
    }
  };
  time.after(0, () => void open(), owner);

  const tiers = cachedTiers(() => running?.store ?? null, monotonicMs);
  const serve = async (ask: Ask): Promise<Answer> => {
    if (running === null) return { kind: 'unavailable' };
    const { store, rounds } = running;
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const since = monotonicMs();
      const queues = queuesFor(await tiers.list(), ask);
      if (queues.length === 0) return { kind: 'refused' };
      const result = await rounds.draw(requestOf(ask, queues), { since, ahead: tries > 0 });
      if (result.kind === 'stale') tiers.forget();
      else if (result.kind === 'exhausted') return { kind: 'exhausted', waitMs: result.nextAt - store.now() };
      else if (result.kind === 'reused') return { kind: 'refused' };
      else if (result.kind === 'drawn') {
        if (monotonicMs() <= result.leaveBy) {
          options.left({ draw: result, ask, process: name, atMs: time.nowMs() });
          return { kind: 'served', drawId: result.drawId };
        }
        if (!result.replayed) await store.withhold([result.drawId]);
      } else if (result.kind !== 'late') return { kind: result.kind };
    }
    return { kind: 'unavailable' };
  };

  const ask: KeypoolProcess['ask'] = (asked, answer) => {
    const work = async () => {
      try {
        answer(await serve(asked));
      } catch (error) {
        const isKnown =
          error instanceof StoreError || (error instanceof Error && error.name === 'KeypoolError');
        if (!isKnown) options.broken(error);
        answer({ kind: 'unavailable' });
      }
    };
    time.after(0, () => void work(), owner);
  };

  const report: KeypoolProcess['report'] = (told, answer) => {
    const work = async () => {
      try {
        const [result] = (await running?.store.reportRound([told])) ?? [];
        answer(result !== undefined && result.kind !== 'unavailable');
      } catch (error) {
        if (!(error instanceof StoreError)) options.broken(error);
        answer(false);
      }
    };
    time.after(0, () => void work(), owner);
  };

  return {
    name,
    owner,
    store: () => running?.store ?? null,
    openedAtMs: () => openedAtMs,
    ask,
    report,
    kill: () => {
      alive = false;
    },
    stall: (forMs) => {
      stalledUntil = Math.max(stalledUntil, time.nowMs() + forMs);
    },
  };
}

function startRecovery(store: Store, time: VirtualTime): void {
  const quiet = () => {};
  startBackgroundTask({
    name: 'recover-open-takes',
    everyMs: RECOVERY_EVERY_MS,
    run: async () => (await store.recoverOpenTakes(RECOVERY_BATCH)) >= RECOVERY_BATCH,
    after: (ms, run) => time.after(ms, run),
    log: { info: quiet, warn: quiet, error: quiet },
  });
  startBackgroundTask({
    name: 'apply-reports',
    everyMs: RECOVERY_EVERY_MS,
    run: async () => (await store.applyReports(RECOVERY_BATCH)) >= RECOVERY_BATCH,
    after: (ms, run) => time.after(ms, run),
    log: { info: quiet, warn: quiet, error: quiet },
  });
}

function cachedTiers(store: () => Store | null, monotonicMs: () => number) {
  let cached: { readonly tiers: readonly Tier[]; readonly since: number } | null = null;
  return {
    forget: () => {
      cached = null;
    },
    list: async (): Promise<readonly Tier[]> => {
      const since = monotonicMs();
      if (cached === null || since - cached.since > TIERS_FRESH_MS) {
        const page = await store()?.listTiers({ after: null, limit: 100 });
        cached = { tiers: page?.items ?? [], since };
      }
      return cached.tiers;
    },
  };
}

function queuesFor(tiers: readonly Tier[], { feature, units }: Ask): DrawQueue[] {
  return tiers.flatMap(({ id, features, policy, revision }) => {
    const offered = features.find(({ name }) => name === feature);
    if (offered === undefined || offered.limits.some(({ limit }) => limit < units)) return [];
    return [{ tierId: id, queue: queueName(id, feature), limits: offered.limits, policy, revision }];
  });
}

function requestOf({ feature, units, requestId }: Ask, queues: readonly DrawQueue[]) {
  return {
    feature,
    units,
    affinity: null,
    queues,
    consumerId: 'consumer',
    peerAddress: '192.0.2.1',
    requestId: requestId ?? 'unnamed',
    idempotency: requestId === null ? null : { key: requestId, fingerprint: `${feature} ${units}` },
  };
}
