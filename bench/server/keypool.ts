import { startOptions } from '../../test/support/start-options.ts';
import { type Subject, startSubject } from './subject.ts';

/** The root token of every server that is measured. */
export const ADMIN_TOKEN = 'bench-admin-token-bench-admin-token';

/** The environment of a server on a database: as in production, but for a line per request in the log. */
export function serverEnv(databaseUrl: string): Record<string, string> {
  return {
    DATABASE_URL: databaseUrl,
    ADMIN_TOKEN,
    LOG_LEVEL: 'info',
    LOG_FORMAT: 'json',
    LOG_REQUESTS: 'false',
    PORT: '0',
  };
}

/** Starts Keypool as its own process as `npm start` does, with these variables on top. */
export function startKeypool(
  databaseUrl: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Subject> {
  const module = import.meta.resolve('../../src/main.ts');
  return startSubject(module, [], { ...serverEnv(databaseUrl), ...env }, startOptions());
}
