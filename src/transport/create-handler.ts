import type { Context } from '../domain/context.ts';
import type { Health } from './health.ts';
import { healthRoutes } from './health-service.ts';
import { createHttpHandler } from './http/handler.ts';
import type { HttpHandler } from './http/message.ts';
import type { HttpOptions } from './http/options.ts';
import type { Log } from './log.ts';
import { reflectionRoutes } from './reflection/routes.ts';
import { handlersByPath, routerOptions } from './router.ts';
import { createRpcs, routesOf, streamRoutes } from './routes.ts';
import { compileRules } from './validation.ts';

export interface HandlerParts {
  readonly context: Context;
  readonly health: Health;
  readonly log: Log;
  /** A fresh id for a request that brings none: one per call, so a cheap one. */
  readonly newRequestId: () => string;
}

/** Everything that the port serves, as one HTTP handler for `startServer`. */
export function createHandler(parts: HandlerParts, options: HttpOptions): HttpHandler {
  const { context, health, log, newRequestId } = parts;
  const rpcs = createRpcs(context);
  const handlers = handlersByPath(routerOptions(context, log, options.limits.maxRequestBytes), [
    routesOf(rpcs),
    streamRoutes(context),
    healthRoutes(health),
    reflectionRoutes(health.shutdown),
  ]);
  compileRules([...handlers.values()].map((handler) => handler.method.input));
  return createHttpHandler({ handlers, rpcs, context, health, newRequestId, log }, options);
}
