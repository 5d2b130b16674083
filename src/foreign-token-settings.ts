import { createHmac } from 'node:crypto';
import type { DomainLog } from './domain/context.ts';
import type { ForeignTokenSettings } from './domain/foreign-tokens.ts';
import { createIntrospection } from './identity/introspection.ts';
import { createSubjectRules } from './identity/subject-rules.ts';
import type { IntrospectionConfig } from './identity-config.ts';

export interface ForeignTokenParts {
  /** A secret that all processes on one store have. */
  readonly fingerprintKey: Uint8Array;
  /** The store's time in ms. */
  readonly now: () => number;
  readonly monotonicMs: () => number;
  readonly log: DomainLog;
}

/** What goes into the key of whatever is remembered of a token: with other rules or another server, it was never asked. */
function saltOf({ salt, endpoint, rules }: IntrospectionConfig, fingerprintKey: Uint8Array): string {
  const secret = salt ?? createHmac('sha256', fingerprintKey).update('kept tokens').digest('hex');
  return JSON.stringify(['v1', secret, endpoint.url, endpoint.clientId, rules]);
}

/** Whether what is sent there leaves this machine unencrypted. */
function isUnsafe(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

/** Connects the domain with the server that is asked about tokens. */
export function foreignTokenSettings(
  config: IntrospectionConfig,
  { fingerprintKey, now, monotonicMs, log }: ForeignTokenParts,
): ForeignTokenSettings {
  const { endpoint, l1TtlMs, l2TtlMs, l1SizeMax } = config;
  if (config.rules.validation === null)
    log.warn({}, 'AUTH_TOKEN_VALIDATION_CEL is not set: every active token of that server is accepted');
  if (isUnsafe(endpoint.url))
    log.warn({}, 'AUTH_TOKEN_INTROSPECTION_URL is no https URL: tokens and the secret can be listened in on');
  const rules = createSubjectRules(config.rules, log);
  const introspect = createIntrospection({ endpoint, rules, log, now, monotonicMs });
  return { introspect, salt: saltOf(config, fingerprintKey), l1TtlMs, l2TtlMs, l1SizeMax };
}
