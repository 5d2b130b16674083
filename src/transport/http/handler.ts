import type { UniversalHandler } from '@connectrpc/connect/protocol';
import type { KeypoolError } from '../../domain/errors.ts';
import type { Clock } from '../../model/clock.ts';
import { createIpList } from '../../model/ip-list.ts';
import { errorResponse } from '../error-response.ts';
import type { Health } from '../health.ts';
import type { Log } from '../log.ts';
import { methodNotFound, overloaded, shuttingDown } from '../refusals.ts';
import { refuse } from '../refuse.ts';
import { createRequestInfo, type RequestInfo } from '../request-info.ts';
import { wireProtocolOf } from '../wire-protocol.ts';
import { createCors } from './cors.ts';
import { type HttpHandler, type HttpRequest, type HttpResponse, headerOf, pathOf } from './message.ts';
import { peerAddressOf } from './peer-address.ts';
import { PLAIN_PATHS, plainAnswer } from './plain-routes.ts';
import { requestIdOf } from './request-id.ts';
import { logRequest } from './request-log.ts';
import { type RpcLimits, serveRpc } from './rpc.ts';
import { writeWhole } from './write-response.ts';

export interface HttpOptions {
  readonly limits: RpcLimits & { readonly maxConcurrentRequests: number };
  /** Origins whose pages may call; `*` for any, none for no page at all. */
  readonly corsOrigins: readonly string[];
  /** Addresses and CIDR prefixes of proxies whose `X-Forwarded-For` counts. */
  readonly trustedProxies: readonly string[];
  /** Whether each request gets its line in the log. */
  readonly logRequests: boolean;
}

export interface HttpParts {
  readonly handlers: ReadonlyMap<string, UniversalHandler>;
  readonly health: Health;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Log;
}

/** A path that is not ours may hold anything, also a token: the log does not show it. */
function loggedPath(path: string): string {
  return PLAIN_PATHS.includes(path) ? path : '(unknown path)';
}

function setHeaders(response: HttpResponse, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

function sendJson(request: HttpRequest, response: HttpResponse, status: number, body: object): void {
  const text = `${JSON.stringify(body)}\n`;
  response.statusCode = status;
  setHeaders(response, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(request.method === 'HEAD' ? '' : text);
}

type Serve = (request: HttpRequest, response: HttpResponse, info: RequestInfo) => Promise<void>;

/** Preflights, plain routes, RPCs, and what is none of these. */
function createServe({ handlers, health, log }: HttpParts, options: HttpOptions): Serve {
  const cors = createCors(options.corsOrigins);
  let underWay = 0;

  return async (request, response, info) => {
    const refuseWith = (error: KeypoolError): Promise<void> => {
      const protocol = wireProtocolOf(headerOf(request, 'content-type'));
      const status = error.reason === 'METHOD_NOT_FOUND' ? 404 : undefined;
      return writeWhole(errorResponse(protocol, refuse(error, info, log), status), request, response);
    };
    const path = pathOf(request);
    const origin = headerOf(request, 'origin') ?? undefined;
    if (request.method === 'OPTIONS') {
      setHeaders(response, cors.preflightFor(origin));
      response.statusCode = 204;
      response.end();
      return;
    }
    setHeaders(response, cors.headersFor(origin));
    if (request.method === 'GET' || request.method === 'HEAD') {
      const answer = await plainAnswer(health, path);
      if (answer !== null) return sendJson(request, response, answer.status, answer.body);
    }
    const handler = handlers.get(path);
    if (health.shutdown.aborted) return refuseWith(shuttingDown());
    if (handler === undefined) return refuseWith(methodNotFound());
    if (underWay >= options.limits.maxConcurrentRequests) return refuseWith(overloaded());
    underWay += 1;
    response.once('close', () => {
      underWay -= 1;
    });
    await serveRpc(handler, request, response, info, log, options.limits);
  };
}

/** Serves every request of the port, and notes each in the log when it is over. */
export function createHttpHandler(parts: HttpParts, options: HttpOptions): HttpHandler {
  const { handlers, log, clock, newId } = parts;
  const trusted = createIpList(options.trustedProxies);
  const serve = createServe(parts, options);

  function logWhenOver(request: HttpRequest, response: HttpResponse, info: RequestInfo): void {
    const startedMs = clock.monotonicMs();
    response.once('close', () => {
      const path = pathOf(request);
      const rpc = handlers.get(path);
      const method = rpc === undefined ? `${request.method} ${loggedPath(path)}` : path.slice(1);
      const protocol = rpc === undefined ? 'plain' : wireProtocolOf(headerOf(request, 'content-type'));
      const durationMs = clock.monotonicMs() - startedMs;
      logRequest(log, request, response, { info, method, protocol, durationMs });
    });
  }

  return (request, response) => {
    const peer = peerAddressOf(request.socket?.remoteAddress, request.headers['x-forwarded-for'], trusted);
    const info = createRequestInfo(requestIdOf(request.headers['x-request-id'], newId), peer);
    const brokeOff = (error: unknown): void =>
      log.debug({ err: error, request_id: info.requestId }, 'a request broke off');
    response.setHeader('X-Request-Id', info.requestId);
    request.on('error', brokeOff);
    response.on('error', brokeOff);
    if (options.logRequests) logWhenOver(request, response, info);
    // What was not read of a refused request still comes in; it has to go somewhere for the connection to live on.
    response.once('close', () => request.resume());
    serve(request, response, info).catch((error: unknown) => {
      const failure = refuse(error, info, log);
      if (response.headersSent) response.destroy();
      else {
        const protocol = wireProtocolOf(headerOf(request, 'content-type'));
        writeWhole(errorResponse(protocol, failure), request, response).catch(() => response.destroy());
      }
    });
  };
}
