import { randomBytes, randomUUIDv7 } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { v7 as uuid } from 'uuid';
import { type AdminToken, adminTokenOf } from './admin-token.ts';
import { createWebhookClient } from './alerts/webhook-client.ts';
import type { Config } from './config.ts';
import type { After } from './domain/background-task.ts';
import type { Context } from './domain/context.ts';
import { createContext } from './domain/create-context.ts';
import { startMaintenance } from './domain/maintenance.ts';
import { openSealing } from './domain/start-check.ts';
import { foreignTokenSettings } from './foreign-token-settings.ts';
import { toListenError } from './listen-error.ts';
import type { Clock } from './model/clock.ts';
import { createSealer } from './model/sealing.ts';
import { openStore } from './open-store.ts';
import { readTlsFiles, type TlsTexts } from './tls-files.ts';
import { createHandler } from './transport/create-handler.ts';
import { createHealth } from './transport/health.ts';
import type { HttpOptions } from './transport/http/options.ts';
import type { Log } from './transport/log.ts';
import type { Connections, RunningServer } from './transport/server/options.ts';
import { startServer } from './transport/server/start-server.ts';

const DAY_MS = 86_400_000;
/** How long a webhook may take to answer. */
const WEBHOOK_TIMEOUT_MS = 10_000;

/** What varies from process to test. */
export interface AppParts {
  readonly log: Log;
  readonly clock?: Clock;
  readonly newId?: () => string;
  readonly randomBytes?: (size: number) => Uint8Array;
  readonly after?: After;
  /** See StoreOptions. */
  readonly openTakeMs?: number;
  /** Where connections come from, when not from a port of this process's own. */
  readonly connections?: Connections;
}

/** A service that listens. */
export interface App {
  /** Where it is reached from this machine. */
  readonly url: string;
  readonly context: Context;
  readonly adminToken: AdminToken;
  /** Takes no further calls, finishes those under way within SHUTDOWN_TIMEOUT, closes the store. Gives one promise. */
  readonly close: () => Promise<void>;
}

export const systemClock: Clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };

/** Timers that do not keep the process alive. */
const unheldTimers: After = (ms, run) => {
  const timer = setTimeout(run, ms).unref();
  return () => clearTimeout(timer);
};

/** The version of this package. */
export function readVersion(): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  );
  return manifest.version;
}

/** What the transport is told of a configuration. */
function httpOptionsOf(config: Config): HttpOptions {
  const { requestTimeoutMs, maxRequestBytes, maxConcurrentRequests } = config;
  const { corsOrigins, trustedProxies, logRequests } = config;
  const limits = { requestTimeoutMs, maxRequestBytes, maxConcurrentRequests };
  return { limits, corsOrigins, trustedProxies, logRequests };
}

async function listen(
  config: Config,
  tls: TlsTexts | null,
  parts: {
    readonly context: Context;
    readonly log: Log;
    readonly newRequestId: () => string;
    readonly shutdown: AbortSignal;
  },
  connections: Connections | null,
): Promise<RunningServer> {
  const { context, log, newRequestId, shutdown } = parts;
  const health = createHealth(context, shutdown);
  const handler = createHandler({ context, health, log, newRequestId }, httpOptionsOf(config));
  try {
    return await startServer({ ...config, tls }, handler, log, connections);
  } catch (error) {
    throw toListenError(error, config);
  }
}

/**
 * Opens the store, checks that what is stored can be opened, and serves. What was opened is closed again when the start
 * fails, with StartError, StoreOpenError or KeypoolError.
 */
export async function createApp(config: Config, parts: AppParts): Promise<App> {
  const { log } = parts;
  const clock = parts.clock ?? systemClock;
  const newId = parts.newId ?? (() => uuid());
  const random = parts.randomBytes ?? ((size) => randomBytes(size));
  const after = parts.after ?? unheldTimers;
  const tls = await readTlsFiles(config.tls);

  // Closes in the reverse order of opening, also when the start fails half way.
  await using opened = new AsyncDisposableStack();
  const warn = (message: string, cause?: unknown): void => log.warn({ err: cause }, message);
  // Takes and requests need many ids and no order among those of one millisecond: the platform's are cheaper by far.
  const newCheapId = parts.newId ?? (() => randomUUIDv7());
  const { openTakeMs } = parts;
  const store = await openStore(config, {
    clock,
    newId: newCheapId,
    warn,
    ...(openTakeMs === undefined ? {} : { openTakeMs }),
  });
  opened.defer(() => store.close());

  const sealer = createSealer(config.encryptionKey, config.encryptionKeysRetired, random);
  const fingerprintKey = await openSealing(store, sealer, random);
  const adminToken = await adminTokenOf(config, random);
  const foreignParts = { fingerprintKey, now: store.now, monotonicMs: clock.monotonicMs, log };
  const context = createContext({
    store,
    clock,
    newId,
    newRowId: newCheapId,
    randomBytes: random,
    sealer,
    fingerprintKey,
    tokenPrefix: config.tokenPrefix,
    rootToken: adminToken.token,
    heavyCallsMax: config.heavyCalls,
    credits: config.credits,
    after,
    log,
    version: readVersion(),
    webhookSender: createWebhookClient({ ...config.webhooks, timeoutMs: WEBHOOK_TIMEOUT_MS }),
    jwt: config.jwt,
    ...(config.introspection === null
      ? {}
      : { foreignTokens: foreignTokenSettings(config.introspection, foreignParts) }),
  });
  opened.defer(() => context.directory.close());

  const retentionMs = config.usageRetentionDays * DAY_MS;
  const sumsRetentionMs = config.usageSummaryRetentionDays * DAY_MS;
  const maintenance = startMaintenance(context, { after, retentionMs, sumsRetentionMs });
  opened.defer(() => maintenance.stop());
  await context.alerts.begin();
  opened.defer(() => context.alerts.end());
  opened.defer(() => context.rounds.idle());
  opened.defer(() => context.reportRounds.idle());
  opened.defer(() => context.credits.idle());

  const shutdown = new AbortController();
  const server = await listen(
    config,
    tls,
    { context, log, newRequestId: newCheapId, shutdown: shutdown.signal },
    parts.connections ?? null,
  );
  opened.defer(() => server.close());

  const closers = opened.move();
  let closing: Promise<void> | null = null;
  return {
    url: server.url,
    context,
    adminToken,
    close: () => {
      shutdown.abort();
      context.waitingLines.close();
      context.availabilityWatches.close();
      closing ??= closers.disposeAsync();
      return closing;
    },
  };
}
