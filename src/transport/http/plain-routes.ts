import type { AccessTokens } from '../../domain/access-tokens.ts';
import type { Health } from '../health.ts';

/** A small JSON answer to a GET that needs no token. */
export interface PlainAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  /** How long whoever gets it may keep it; 0 unless said. */
  readonly maxAgeSeconds?: number;
}

/** What is answered to a GET beside the calls. */
export const PLAIN_PATHS: readonly string[] = ['/health', '/livez', '/readyz', '/.well-known/jwks.json'];

/** Short against the day for which a key is shown before it signs. */
const JWKS_AGE_SECONDS = 300;

/** The public keys that sign JWTs, as a JWK set (RFC 7517); 503 where the store does not tell. */
async function jwksAnswer({ publishedKeys }: Pick<AccessTokens, 'publishedKeys'>): Promise<PlainAnswer> {
  try {
    return { status: 200, body: { keys: await publishedKeys() }, maxAgeSeconds: JWKS_AGE_SECONDS };
  } catch {
    return { status: 503, body: { status: 'store_unreachable' } };
  }
}

/**
 * `/health` for people and monitors, `/livez` (restart me when I do not answer) and `/readyz` (send me calls) for
 * orchestrators, `/.well-known/jwks.json` for whoever verifies JWTs. Null for any other path.
 */
export function plainAnswer(
  health: Health,
  jwts: Pick<AccessTokens, 'publishedKeys'>,
  path: string,
): Promise<PlainAnswer> | null {
  switch (path) {
    case '/livez':
      return Promise.resolve({ status: 200, body: { status: 'live' } });
    case '/health':
      return health
        .check()
        .then((report) => ({ status: report.status === 'serving' ? 200 : 503, body: { ...report } }));
    case '/readyz':
      return health
        .check()
        .then(({ status }) =>
          status === 'serving'
            ? { status: 200, body: { status: 'ready' } }
            : { status: 503, body: { status } },
        );
    case '/.well-known/jwks.json':
      return jwksAnswer(jwts);
    default:
      return null;
  }
}
