import { cors } from '@connectrpc/connect';
import { CREDIT_HEADERS } from '../credit-headers.ts';

const ALLOWED_HEADERS = [...cors.allowedHeaders, 'Authorization', 'X-API-Key', 'X-Request-Id'].join(', ');
const ALLOWED_METHODS = cors.allowedMethods.join(', ');
const EXPOSED_HEADERS = [
  ...cors.exposedHeaders,
  'Retry-After',
  'X-Request-Id',
  'WWW-Authenticate',
  ...CREDIT_HEADERS,
].join(', ');
const PREFLIGHT_AGE_SECONDS = 7200;

/** What a response tells a browser of other origins (the Fetch standard's CORS protocol), by header name. */
export type CorsHeaders = Readonly<Record<string, string>>;

/**
 * Answers for the configured origins; `*` stands for any. Never with credentials: tokens come in headers that a page
 * sets itself.
 */
export function createCors(origins: readonly string[]): {
  /** For the response to a request with that `Origin`. */
  readonly headersFor: (origin: string | undefined) => CorsHeaders;
  /** For the preflight of such a request. */
  readonly preflightFor: (origin: string | undefined) => CorsHeaders;
} {
  const any = origins.includes('*');
  const known = new Set(origins);
  const vary: CorsHeaders = origins.length > 0 && !any ? { Vary: 'Origin' } : {};
  const allowed = (origin: string | undefined): CorsHeaders => {
    if (origin === undefined || !(any || known.has(origin))) return vary;
    return { ...vary, 'Access-Control-Allow-Origin': any ? '*' : origin };
  };
  return {
    headersFor: (origin) => {
      const headers = allowed(origin);
      if (!('Access-Control-Allow-Origin' in headers)) return headers;
      return { ...headers, 'Access-Control-Expose-Headers': EXPOSED_HEADERS };
    },
    preflightFor: (origin) => {
      const headers = allowed(origin);
      if (!('Access-Control-Allow-Origin' in headers)) return headers;
      return {
        ...headers,
        'Access-Control-Allow-Methods': ALLOWED_METHODS,
        'Access-Control-Allow-Headers': ALLOWED_HEADERS,
        'Access-Control-Max-Age': String(PREFLIGHT_AGE_SECONDS),
      };
    },
  };
}
