import { z } from 'zod';
import {
  adminToken,
  database,
  duration,
  flag,
  host,
  origins,
  processes,
  proxies,
  sealingKey,
  sealingKeys,
  tokenPrefix,
  wholeNumber,
} from './config-values.ts';
import { CONFIG_VARIABLES, type ConfigVariable, type VariableName } from './config-variables.ts';
import { creditSettingsOf, creditValues } from './credit-config.ts';
import { identityMistakes, identityValues, introspectionOf, jwtSettingsOf } from './identity-config.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const LOG_FORMATS = ['json', 'pretty'] as const;

function oneOf<const T extends string>(values: readonly T[]) {
  return z.enum(values, { error: `must be one of ${values.join(', ')}` });
}

const variables = z.object({
  DATABASE_URL: database,
  ADMIN_TOKEN: adminToken.optional(),
  ENCRYPTION_KEY: sealingKey.optional(),
  ENCRYPTION_KEYS_RETIRED: sealingKeys,
  HOST: host,
  PORT: wholeNumber(0, 65_535),
  PROCESSES: processes,
  TLS_CERT_FILE: z.string().optional(),
  TLS_KEY_FILE: z.string().optional(),
  TRUSTED_PROXIES: proxies,
  CORS_ORIGINS: origins,
  REQUEST_TIMEOUT: duration,
  HEADERS_TIMEOUT: duration,
  KEEP_ALIVE_TIMEOUT: duration,
  SHUTDOWN_TIMEOUT: duration,
  MAX_REQUEST_BYTES: wholeNumber(1024, 268_435_456),
  MAX_CONCURRENT_REQUESTS: wholeNumber(1, 1_000_000),
  HEAVY_CALLS: wholeNumber(1, 1000),
  USAGE_RETENTION_DAYS: wholeNumber(1, 36_500),
  USAGE_SUMMARY_RETENTION_DAYS: wholeNumber(1, 36_500),
  TOKEN_PREFIX: tokenPrefix,
  ...identityValues,
  ...creditValues,
  WEBHOOKS_ALLOW_HTTP: flag,
  WEBHOOKS_ALLOW_PRIVATE: flag,
  LOG_LEVEL: oneOf(LOG_LEVELS),
  LOG_FORMAT: oneOf(LOG_FORMATS).optional(),
  LOG_REQUESTS: flag,
} satisfies Record<VariableName, z.ZodType>);

function configOf(values: z.output<typeof variables>) {
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile } = values;
  return {
    database: values.DATABASE_URL,
    /** Null: the service makes one and keeps it beside its SQLite file. */
    adminToken: values.ADMIN_TOKEN ?? null,
    encryptionKey: values.ENCRYPTION_KEY ?? null,
    encryptionKeysRetired: values.ENCRYPTION_KEYS_RETIRED,
    host: values.HOST,
    port: values.PORT,
    /** How many processes share the port. */
    processes: values.PROCESSES,
    tls: certFile === undefined || keyFile === undefined ? null : { certFile, keyFile },
    trustedProxies: values.TRUSTED_PROXIES,
    corsOrigins: values.CORS_ORIGINS,
    requestTimeoutMs: values.REQUEST_TIMEOUT,
    headersTimeoutMs: values.HEADERS_TIMEOUT,
    keepAliveTimeoutMs: values.KEEP_ALIVE_TIMEOUT,
    shutdownTimeoutMs: values.SHUTDOWN_TIMEOUT,
    maxRequestBytes: values.MAX_REQUEST_BYTES,
    maxConcurrentRequests: values.MAX_CONCURRENT_REQUESTS,
    heavyCalls: values.HEAVY_CALLS,
    usageRetentionDays: values.USAGE_RETENTION_DAYS,
    usageSummaryRetentionDays: values.USAGE_SUMMARY_RETENTION_DAYS,
    tokenPrefix: values.TOKEN_PREFIX,
    credits: creditSettingsOf(values),
    jwt: jwtSettingsOf(values),
    /** Null: no other server is asked about tokens. */
    introspection: introspectionOf(values),
    webhooks: { allowHttp: values.WEBHOOKS_ALLOW_HTTP, allowPrivate: values.WEBHOOKS_ALLOW_PRIVATE },
    logLevel: values.LOG_LEVEL,
    /** Null: pretty on a terminal, else json. */
    logFormat: values.LOG_FORMAT ?? null,
    logRequests: values.LOG_REQUESTS,
  };
}

/** What the process is told by its environment, checked and typed. */
export type Config = Readonly<ReturnType<typeof configOf>>;

/** Everything that is wrong with the environment, one line for each variable. Holds no value. */
export class ConfigError extends Error {
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    const count = mistakes.length === 1 ? 'One mistake' : `${mistakes.length} mistakes`;
    super(`${count} in the configuration:\n${mistakes.map((mistake) => `  ${mistake}`).join('\n')}`);
    this.name = 'ConfigError';
    this.mistakes = mistakes;
  }
}

/** A variable set to nothing counts as unset. */
function givenOf(env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  const entries = Object.entries<ConfigVariable>(CONFIG_VARIABLES).map(([name, variable]) => {
    const text = env[name]?.trim() ?? '';
    return [name, text === '' ? (variable.default ?? undefined) : text] as const;
  });
  return Object.fromEntries(entries);
}

/** What single variables cannot tell. */
function mistakesBetween(given: Readonly<Record<string, string | undefined>>): readonly string[] {
  const mistakes: string[] = [];
  if (given.DATABASE_URL?.startsWith('mongodb') && given.ADMIN_TOKEN === undefined)
    mistakes.push('ADMIN_TOKEN: is required with MongoDB, the same in every process (32 characters or more)');
  if (given.DATABASE_URL?.startsWith('sqlite:') && given.PROCESSES !== '1')
    mistakes.push(
      'PROCESSES: must be 1 with SQLite, whose file belongs to one process at a time; for more (--processes), set DATABASE_URL to a MongoDB replica set',
    );
  if (given.TLS_CERT_FILE !== undefined && given.TLS_KEY_FILE === undefined)
    mistakes.push('TLS_KEY_FILE: is required together with TLS_CERT_FILE');
  if (given.TLS_KEY_FILE !== undefined && given.TLS_CERT_FILE === undefined)
    mistakes.push('TLS_CERT_FILE: is required together with TLS_KEY_FILE');
  return [...mistakes, ...identityMistakes(given)];
}

/** Reads the variables of {@link CONFIG_VARIABLES}. Throws {@link ConfigError} with every mistake at once. */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = givenOf(env);
  const parsed = variables.safeParse(given);
  const issues = parsed.success ? [] : parsed.error.issues;
  const mistakes = [
    ...issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`),
    ...mistakesBetween(given),
  ];
  if (!parsed.success || mistakes.length > 0) throw new ConfigError(mistakes);
  return configOf(parsed.data);
}
