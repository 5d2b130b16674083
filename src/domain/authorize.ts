import type { Identity } from './context.ts';
import { KeypoolError } from './errors.ts';

/** Everything in AdminService. */
export const ADMIN_SCOPE = 'admin';
/** What only reads in AdminService. */
export const ADMIN_READ_SCOPE = 'admin.read';

/** True for the root token and for a consumer with the scope `admin`. */
export function isAdmin(identity: Identity): boolean {
  return identity.kind === 'root' || identity.consumer.scopes.includes(ADMIN_SCOPE);
}

/** Lets admins pass, and who holds `admin.read` where nothing is changed. Error: ADMIN_REQUIRED. */
export function requireAdmin(identity: Identity, access: 'read' | 'write'): void {
  if (isAdmin(identity)) return;
  const mayRead = identity.kind === 'consumer' && identity.consumer.scopes.includes(ADMIN_READ_SCOPE);
  if (access === 'read' && mayRead) return;
  const scopes = access === 'read' ? `${ADMIN_SCOPE} or ${ADMIN_READ_SCOPE}` : ADMIN_SCOPE;
  throw new KeypoolError(
    'ADMIN_REQUIRED',
    `This call needs the root token, or a consumer's token with the scope ${scopes}.`,
  );
}
