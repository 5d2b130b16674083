import type { Consumer } from '../model/consumer.ts';
import { ADMIN_SCOPE } from './authorize.ts';
import type { Call, Identity } from './context.ts';

/** The calling identity and what it may do beyond drawing. */
export interface Caller {
  readonly kind: Identity['kind'];
  /** Null for root. */
  readonly consumer: Consumer | null;
  /** In alphabetical order; empty for root, who may draw from all. */
  readonly grantedTierIds: readonly string[];
  readonly scopes: readonly string[];
}

/** Needs no look-up: the identity is at most 2 s old. */
export function whoAmI(call: Call): Caller {
  const { identity } = call;
  if (identity.kind === 'root')
    return { kind: 'root', consumer: null, grantedTierIds: [], scopes: [ADMIN_SCOPE] };
  const { consumer } = identity;
  return {
    kind: 'consumer',
    consumer,
    grantedTierIds: [...consumer.grantedTierIds].sort(),
    scopes: consumer.scopes,
  };
}
