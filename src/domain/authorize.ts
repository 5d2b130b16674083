import type { Identity } from './context.ts';
import { KeypoolError } from './errors.ts';

/** Everything in AdminService. */
export const ADMIN_SCOPE = 'admin';
/** What only reads in AdminService. */
export const ADMIN_READ_SCOPE = 'admin.read';

/** Asking who the caller of another API is. */
export const TOKENS_VERIFY_SCOPE = 'tokens.verify';
/** Recording usage of another API. */
export const USAGE_WRITE_SCOPE = 'usage.write';

/**
 * Whether a caller may do what a scope of Keypool's own stands for: root any, a consumer those it has. Who comes with
 * a token of another server none: that server's scopes are granted by others and mean other things.
 */
export function holdsScope(identity: Identity, scope: string): boolean {
  switch (identity.kind) {
    case 'root':
      return true;
    case 'consumer':
      return identity.scopes.includes(scope);
    case 'subject':
      return false;
  }
}

/** Lets pass who holds the scope. Error: SCOPE_REQUIRED. */
export function requireScope(identity: Identity, scope: string): void {
  if (holdsScope(identity, scope)) return;
  throw new KeypoolError(
    'SCOPE_REQUIRED',
    `This call needs a consumer's token with the scope ${scope}, or the root token.`,
    { metadata: { scope } },
  );
}

/** True for the root token and for a consumer with the scope `admin`. */
export function isAdmin(identity: Identity): boolean {
  return holdsScope(identity, ADMIN_SCOPE);
}

export function adminRequired(access: 'read' | 'write'): KeypoolError {
  const scopes = access === 'read' ? `${ADMIN_SCOPE} or ${ADMIN_READ_SCOPE}` : ADMIN_SCOPE;
  return new KeypoolError(
    'ADMIN_REQUIRED',
    `This call needs the root token, or a consumer's token with the scope ${scopes}.`,
  );
}

/** Lets admins pass, and who holds `admin.read` where nothing is changed. Error: ADMIN_REQUIRED. */
export function requireAdmin(identity: Identity, access: 'read' | 'write'): void {
  if (isAdmin(identity)) return;
  if (access === 'read' && holdsScope(identity, ADMIN_READ_SCOPE)) return;
  throw adminRequired(access);
}
