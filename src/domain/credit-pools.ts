import type { Consumer } from '../model/consumer.ts';
import { type CreditPool, creditLimit } from '../model/credit.ts';
import { parseIpAddress } from '../model/ip-address.ts';
import type { CreditPayer } from './credits.ts';

/** What a payer's pools depend on beside the payer. */
export interface PoolTerms {
  /** Credits of whoever has no number of its own; null for as many as they like. */
  readonly creditsPerMinute: number | null;
  /** Credits of all consumers of an owner together; null for as many as they like. */
  readonly ofOwner: number | null;
}

const NONE: readonly CreditPool[] = [];
const IPV6_HOST_BITS = 64n;
const OF_OWNER = 'o:';
const OF_ADDRESS = 'a:';

/** True for the pool that all consumers of an owner share. */
export function isOfOwner({ id }: CreditPool): boolean {
  return id.startsWith(OF_OWNER);
}

/** True for the pool of an address. */
export function isOfAddress({ id }: CreditPool): boolean {
  return id.startsWith(OF_ADDRESS);
}

/** What an address is counted as. One caller of IPv6 has a whole /64 (RFC 6177), so it is counted by that. */
export function countedAddress(text: string): string {
  const address = parseIpAddress(text);
  if (address === null) return '?';
  return address.bits === 32 ? `4:${address.value}` : `6:${address.value >> IPV6_HOST_BITS}`;
}

function one(id: string, credits: number | null): readonly CreditPool[] {
  return credits === null ? NONE : [{ id, limit: creditLimit(credits) }];
}

function poolsOfConsumer(
  { id, owner, creditsPerMinute, creditLimits }: Consumer,
  resource: string | null,
  terms: PoolTerms,
): readonly CreditPool[] {
  const own = creditsPerMinute ?? terms.creditsPerMinute;
  const limited = resource === null ? undefined : creditLimits.find((limit) => limit.resource === resource);
  if (own === null && limited === undefined && terms.ofOwner === null) return NONE;
  return [
    ...one(`c:${id}`, own),
    ...one(`r:${id}:${resource}`, limited?.creditsPerMinute ?? null),
    ...one(OF_OWNER + owner, terms.ofOwner),
  ];
}

/** The pools that a charge draws on: all of them or none. */
export function poolsOf(
  payer: CreditPayer,
  resource: string | null,
  terms: PoolTerms,
): readonly CreditPool[] {
  switch (payer.kind) {
    case 'consumer':
      return poolsOfConsumer(payer.consumer, resource, terms);
    case 'subject':
      return one(`s:${payer.subject}`, payer.creditsPerMinute ?? terms.creditsPerMinute);
    case 'address':
      return one(OF_ADDRESS + countedAddress(payer.address), terms.creditsPerMinute);
  }
}
