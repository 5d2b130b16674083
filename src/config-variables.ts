import { CREDIT_VARIABLES } from './credit-variables.ts';
import { IDENTITY_VARIABLES } from './identity-variables.ts';

/** One environment variable as people read about it. */
export interface ConfigVariable {
  /** As it would be written; null when it is unset unless somebody sets it. */
  readonly default: string | null;
  readonly meaning: string;
}

/** Every environment variable the server reads. `--help` prints this table, the README repeats it. */
export const CONFIG_VARIABLES = {
  DATABASE_URL: {
    default: 'sqlite:data/keypool.db',
    meaning: '`sqlite:<file>`, `sqlite::memory:` (gone with the process), `mongodb://…` or `mongodb+srv://…`',
  },
  ADMIN_TOKEN: {
    default: null,
    meaning:
      'the root token, 32 to 512 of `A-Z a-z 0-9 - . _ ~ + /` (and `=` at its end); required with MongoDB; on SQLite one is made on the first start and kept in `admin-token` beside the database',
  },
  ENCRYPTION_KEY: {
    default: null,
    meaning: 'seals values and secrets at rest: 32 bytes in hex (`openssl rand -hex 32`); unset: plain text',
  },
  ENCRYPTION_KEYS_RETIRED: {
    default: '',
    meaning: 'former encryption keys that still open what they sealed, with commas',
  },
  HOST: { default: '127.0.0.1', meaning: 'the address to listen on; `0.0.0.0` or `::` for all' },
  PORT: { default: '8080', meaning: 'the port to listen on; 0 for any free one' },
  PROCESSES: {
    default: '1',
    meaning:
      'how many processes share the port, 1 to 64, or `auto` for one per core, as `--processes` says; more than one needs MongoDB',
  },
  TLS_CERT_FILE: { default: null, meaning: 'PEM file of the certificate chain; with it the port speaks TLS' },
  TLS_KEY_FILE: { default: null, meaning: 'PEM file of its private key' },
  TRUSTED_PROXIES: {
    default: '',
    meaning: 'addresses and CIDR prefixes of the proxies whose `X-Forwarded-For` is believed, with commas',
  },
  CORS_ORIGINS: {
    default: '',
    meaning: 'origins whose pages may call, such as `https://app.example`, with commas; `*` for any',
  },
  REQUEST_TIMEOUT: { default: '30s', meaning: 'how long a call may take, its request coming in included' },
  HEADERS_TIMEOUT: { default: '10s', meaning: "how long a request's headers may take to come in" },
  KEEP_ALIVE_TIMEOUT: { default: '65s', meaning: 'how long a connection may stay without a request' },
  SHUTDOWN_TIMEOUT: { default: '20s', meaning: 'how long calls under way may take to finish when it stops' },
  MAX_REQUEST_BYTES: { default: '4194304', meaning: 'the largest request message, in bytes' },
  MAX_CONCURRENT_REQUESTS: {
    default: '4096',
    meaning: 'calls under way at a time, and as many streams besides; further ones are refused',
  },
  HEAVY_CALLS: {
    default: '2',
    meaning: 'summaries and resealings under way at a time; further ones wait up to 2 s, then are refused',
  },
  USAGE_RETENTION_DAYS: { default: '90', meaning: 'how many days usage events are kept' },
  USAGE_SUMMARY_RETENTION_DAYS: {
    default: '400',
    meaning: 'how many days the sums of usage by the hour are kept, from which summaries are made',
  },
  TOKEN_PREFIX: { default: 'kp', meaning: 'begins every new consumer token; 1 to 16 of `a-z 0-9 _`' },
  ...IDENTITY_VARIABLES,
  ...CREDIT_VARIABLES,
  WEBHOOKS_ALLOW_HTTP: {
    default: 'false',
    meaning: 'whether alerts may be sent to http URLs, where everybody on the way can read them',
  },
  WEBHOOKS_ALLOW_PRIVATE: {
    default: 'false',
    meaning:
      'whether alerts may be sent to this machine and to private networks; never to link-local addresses',
  },
  LOG_LEVEL: {
    default: 'info',
    meaning: '`trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`',
  },
  LOG_FORMAT: { default: null, meaning: '`json` or `pretty`; unset: pretty on a terminal, else json' },
  LOG_REQUESTS: { default: 'true', meaning: 'whether each request gets a line in the log' },
} as const satisfies Record<string, ConfigVariable>;

export type VariableName = keyof typeof CONFIG_VARIABLES;

/** The table as Markdown rows: name, default, meaning. */
export function configTable(): string {
  const rows = Object.entries<ConfigVariable>(CONFIG_VARIABLES).map(([name, variable]) => {
    const fallback = variable.default === null || variable.default === '' ? '' : `\`${variable.default}\``;
    return `| \`${name}\` | ${fallback} | ${variable.meaning} |`;
  });
  return ['| variable | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}
