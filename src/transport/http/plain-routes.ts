import type { Health } from '../health.ts';

/** A small JSON answer to a GET that needs no token. */
export interface PlainAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What is answered to a GET beside the calls. */
export const PLAIN_PATHS: readonly string[] = ['/health', '/livez', '/readyz'];

/**
 * `/health` for people and monitors, `/livez` (restart me when I do not answer) and `/readyz` (send me calls) for
 * orchestrators. Null for any other path.
 */
export function plainAnswer(health: Health, path: string): Promise<PlainAnswer> | null {
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
    default:
      return null;
  }
}
