import { randomBytes } from 'node:crypto';
import { type AppParts, createApp } from '../../src/app.ts';
import { parseConfig } from '../../src/config.ts';
import type { Call, Context } from '../../src/domain/context.ts';
import { createConsumer } from '../../src/domain/create-consumer.ts';
import { createKey } from '../../src/domain/create-key.ts';
import { createTier } from '../../src/domain/create-tier.ts';
import { grantTier } from '../../src/domain/grant-tier.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The real service on a free port of this machine, with a store in memory. */
export interface Served extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly adminToken: string;
  readonly context: Context;
  /** All that was logged so far. */
  readonly log: readonly LogLine[];
  readonly close: () => Promise<void>;
}

/** Starts the service with these variables on top of the defaults, on a clock of the test's own if one is given. */
export async function serve(
  env: Readonly<Record<string, string>> = {},
  parts: Pick<AppParts, 'clock'> = {},
): Promise<Served> {
  const adminToken = randomBytes(24).toString('hex');
  const log: LogLine[] = [];
  const into = (level: LogLine['level']) => (fields: LogLine['fields'], message: string) => {
    log.push({ level, message, fields });
  };
  const config = parseConfig({ DATABASE_URL: 'sqlite::memory:', PORT: '0', ADMIN_TOKEN: adminToken, ...env });
  const app = await createApp(config, {
    ...parts,
    log: { debug: into('debug'), info: into('info'), warn: into('warn'), error: into('error') },
  });
  return {
    url: app.url,
    port: Number(new URL(app.url).port),
    adminToken,
    context: app.context,
    log,
    close: app.close,
    [Symbol.asyncDispose]: app.close,
  };
}

const ADMIN: Call = { identity: { kind: 'root' }, requestId: 'arrange', peerAddress: '127.0.0.1' };

export interface Pool {
  readonly tierId: string;
  readonly feature: string;
  readonly value: string;
  readonly consumerId: string;
  /** The consumer's. */
  readonly token: string;
}

/** A tier with one key and, if given, one limit per hour; and a consumer that may draw from it. */
export async function addPool(
  served: Served,
  { perHour }: { readonly perHour?: number } = {},
): Promise<Pool> {
  const { context } = served;
  const feature = `feature-${randomBytes(6).toString('hex')}`;
  const value = `upstream-value-${feature}`;
  const limit = { limit: perHour ?? 1, windowMs: 3_600_000, algorithm: 'sliding' as const, guardMs: null };
  const features = [{ name: feature, limits: perHour === undefined ? [] : [limit] }];
  await createTier(context, ADMIN, { id: feature, description: '', features });
  await createKey(context, ADMIN, {
    tierId: feature,
    key: {
      name: 'k',
      value,
      secrets: {},
      metadata: {},
      state: 'active',
      stateReason: '',
      expireAt: null,
      budgets: [],
    },
  });
  const { consumer, token } = await createConsumer(context, ADMIN, {
    consumer: {
      name: 'wire',
      description: '',
      owner: '',
      environment: 'test',
      scopes: [],
      allowedIps: [],
      creditsPerMinute: null,
      creditLimits: [],
      expireAt: null,
      state: 'active',
    },
  });
  await grantTier(context, ADMIN, { consumerId: consumer.id, tierId: feature });
  return { tierId: feature, feature, value, consumerId: consumer.id, token };
}
