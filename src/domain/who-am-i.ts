import type { Consumer } from '../model/consumer.ts';
import { ADMIN_SCOPE } from './authorize.ts';
import type { Call, Identity, SubjectIdentity } from './context.ts';

/** The calling identity and what it may do beyond drawing. */
export interface Caller {
  readonly kind: Identity['kind'];
  /** Null for root and subjects. */
  readonly consumer: Consumer | null;
  /** Null for root and consumers. */
  readonly subject: SubjectIdentity | null;
  /** In alphabetical order; empty for root, who may draw from all. */
  readonly grantedTierIds: readonly string[];
  readonly scopes: readonly string[];
}

/** Needs no look-up: the identity is at most 2 s old. */
export function whoAmI(call: Call): Caller {
  const { identity } = call;
  const { kind } = identity;
  if (kind === 'root')
    return { kind, consumer: null, subject: null, grantedTierIds: [], scopes: [ADMIN_SCOPE] };
  if (kind === 'subject') {
    const { tiers, scopes } = identity;
    return { kind, consumer: null, subject: identity, grantedTierIds: [...tiers].sort(), scopes };
  }
  const { consumer } = identity;
  return {
    kind,
    consumer,
    subject: null,
    grantedTierIds: [...consumer.grantedTierIds].sort(),
    scopes: identity.scopes,
  };
}
