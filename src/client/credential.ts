import type { Interceptor } from '@connectrpc/connect';

/** A consumer's or an admin's token, or a function that gives the current one and is asked before every call. */
export type KeypoolToken = string | (() => string | Promise<string>);

/** What RFC 6750 (2.1) allows in a bearer token. */
const BEARER_TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/**
 * Sends the token as `Authorization: Bearer` (RFC 6750), unless the call brings an Authorization of its own.
 * @throws TypeError at once when the token is a string that cannot be one.
 */
export function sendToken(token: KeypoolToken): Interceptor {
  const current = typeof token === 'string' ? always(bearer(token)) : async () => bearer(await token());
  return (next) => async (request) => {
    if (!request.header.has('Authorization')) request.header.set('Authorization', await current());
    return next(request);
  };
}

function bearer(token: string): string {
  const trimmed = token.trim();
  // Checked here, since the error of `Headers.set` would show the token.
  if (!BEARER_TOKEN.test(trimmed))
    throw new TypeError('token: it is empty or has a character that no token has');
  return `Bearer ${trimmed}`;
}

function always<T>(value: T): () => T {
  return () => value;
}
