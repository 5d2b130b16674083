import { randomUUID } from 'node:crypto';
import { parseConfig } from '../../../src/config.ts';
import type { Context } from '../../../src/domain/context.ts';
import { createHandler } from '../../../src/transport/create-handler.ts';
import { createHealth } from '../../../src/transport/health.ts';
import { startServer } from '../../../src/transport/server/start-server.ts';
import { testClock } from '../../support/test-clock.ts';
import { type LogLine, type Served, serve } from '../served.ts';

/** A port of its own for a service that has another already. */
export interface FurtherPort extends AsyncDisposable {
  readonly port: number;
  readonly log: readonly LogLine[];
}

/** Serves a context with or without the short path, with these variables on top of the defaults. */
export async function serveContext(
  context: Context,
  env: Readonly<Record<string, string>>,
  shortPath: boolean,
): Promise<FurtherPort> {
  const config = parseConfig({ ADMIN_TOKEN: randomUUID(), PORT: '0', ...env });
  const lines: LogLine[] = [];
  const into = (level: LogLine['level']) => (fields: LogLine['fields'], message: string) => {
    lines.push({ level, message, fields });
  };
  const log = { debug: into('debug'), info: into('info'), warn: into('warn'), error: into('error') };
  const health = createHealth(context, new AbortController().signal);
  const options = { ...config, limits: config, shortPath };
  const handler = createHandler({ context, health, log, newRequestId: randomUUID }, options);
  const server = await startServer({ ...config, tls: null }, handler, log);
  return { port: server.port, log: lines, [Symbol.asyncDispose]: server.close };
}

/** One service behind two ports: one with the short path, as in production, and one without. */
export interface BothPaths extends AsyncDisposable {
  readonly served: Served;
  readonly short: Pick<FurtherPort, 'port' | 'log'>;
  readonly general: FurtherPort;
}

/** Starts it with these variables on top of the defaults, on a clock that stands still. */
export async function serveBothPaths(env: Readonly<Record<string, string>>): Promise<BothPaths> {
  const served = await serve(env, { clock: testClock() });
  const general = await serveContext(served.context, env, false);
  return {
    served,
    short: served,
    general,
    [Symbol.asyncDispose]: async () => {
      await general[Symbol.asyncDispose]();
      await served.close();
    },
  };
}
