import type { Context } from '../domain/context.ts';
import type { Health } from './health.ts';
import { healthRoutes } from './health-service.ts';
import { createHttpHandler, type HttpOptions } from './http/handler.ts';
import type { HttpHandler } from './http/message.ts';
import type { Log } from './log.ts';
import { reflectionRoutes } from './reflection/routes.ts';
import { handlersByPath, routerOptions } from './router.ts';
import { createRoutes } from './routes.ts';
import { compileRules } from './validation.ts';

export interface HandlerParts {
  readonly context: Context;
  readonly health: Health;
  readonly log: Log;
}

/** Everything that the port serves, as one HTTP handler for `startServer`. */
export function createHandler(parts: HandlerParts, options: HttpOptions): HttpHandler {
  const { context, health, log } = parts;
  const handlers = handlersByPath(routerOptions(context, log, options.limits.maxRequestBytes), [
    createRoutes(context),
    healthRoutes(health),
    reflectionRoutes(health.shutdown),
  ]);
  compileRules([...handlers.values()].map((handler) => handler.method.input));
  const { clock, newId } = context;
  return createHttpHandler({ handlers, health, clock, newId, log }, options);
}
