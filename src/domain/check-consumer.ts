import type { CreditLimit } from '../model/consumer.ts';
import { isIpEntry } from '../model/ip-list.ts';
import {
  checkDistinct,
  checkInteger,
  checkLength,
  checkLine,
  checkMoment,
  must,
  type Violations,
} from './check-field.ts';
import type { ConsumerFields } from './consumer-fields.ts';

const NAME_MAX = 200;
const OWNER_MAX = 200;
const DESCRIPTION_MAX = 2000;
const SCOPES_MAX = 64;
const SCOPE = /^[a-z0-9_.:*-]{1,64}$/;
const ALLOWED_IPS_MAX = 100;
const CREDITS_MAX = 1_000_000_000;
const CREDIT_LIMITS_MAX = 32;
const RESOURCE_MAX = 200;

function checkScopes(scopes: readonly string[], into: Violations): void {
  must(scopes.length <= SCOPES_MAX, into, 'consumer.scopes', `must be at most ${SCOPES_MAX}`);
  const path = (i: number): string => `consumer.scopes[${i}]`;
  for (const [i, scope] of scopes.entries())
    must(SCOPE.test(scope), into, path(i), 'must be 1 to 64 of a-z 0-9 _ . : * -');
  checkDistinct(scopes, (scope) => scope, into, path, 'name each scope once');
}

function checkAllowedIps(entries: readonly string[], into: Violations): void {
  must(entries.length <= ALLOWED_IPS_MAX, into, 'consumer.allowedIps', `must be at most ${ALLOWED_IPS_MAX}`);
  const path = (i: number): string => `consumer.allowedIps[${i}]`;
  for (const [i, entry] of entries.entries())
    must(
      isIpEntry(entry),
      into,
      path(i),
      'must be an IPv4 or IPv6 address, or a prefix such as 10.0.0.0/8 with no bits set beyond its length',
    );
  checkDistinct(entries, (entry) => entry, into, path, 'name each address once');
}

function checkCreditLimits(limits: readonly CreditLimit[], into: Violations): void {
  must(
    limits.length <= CREDIT_LIMITS_MAX,
    into,
    'consumer.creditLimits',
    `must be at most ${CREDIT_LIMITS_MAX}`,
  );
  const path = (i: number): string => `consumer.creditLimits[${i}].resource`;
  for (const [i, { resource, creditsPerMinute }] of limits.entries()) {
    must(resource !== '', into, path(i), 'name the resource');
    checkLine(resource, RESOURCE_MAX, into, path(i));
    checkInteger(creditsPerMinute, 1, CREDITS_MAX, into, `consumer.creditLimits[${i}].creditsPerMinute`);
  }
  checkDistinct(limits, ({ resource }) => resource, into, path, 'name each resource once');
}

/** What is wrong with these fields of a consumer; those not given are left aside. */
export function checkConsumer(fields: ConsumerFields): Violations {
  const into: Violations = [];
  const { name, description, owner, scopes, allowedIps, creditsPerMinute, creditLimits, expireAt } = fields;
  if (name !== undefined) {
    must(name !== '', into, 'consumer.name', 'give it a name');
    checkLine(name, NAME_MAX, into, 'consumer.name');
  }
  if (description !== undefined) checkLength(description, DESCRIPTION_MAX, into, 'consumer.description');
  if (owner !== undefined) checkLine(owner, OWNER_MAX, into, 'consumer.owner');
  if (scopes !== undefined) checkScopes(scopes, into);
  if (allowedIps !== undefined) checkAllowedIps(allowedIps, into);
  if (creditsPerMinute !== undefined && creditsPerMinute !== null)
    checkInteger(creditsPerMinute, 1, CREDITS_MAX, into, 'consumer.creditsPerMinute');
  if (creditLimits !== undefined) checkCreditLimits(creditLimits, into);
  if (expireAt !== undefined) checkMoment(expireAt, into, 'consumer.expireTime');
  return into;
}
