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
import { plainAnswer } from './plain-routes.ts';
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

const PATH_LOGGED_MAX = 200;

function setHeaders(response: HttpResponse, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

function sendJson(request: HttpRequest, response: HttpResponse, status: number, body: object): void {
  const text = `${JSON.stringify(body)}\n`;
  response.statusCode = status;
  setHeaders(response, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(request.method === 'HEAD' ? '' : text);
}

/** Serves every request of the port: preflights, plain routes, RPCs, and what is none of these. */
export function createHttpHandler(parts: HttpParts, options: HttpOptions): HttpHandler {
  const { handlers, health, log, clock } = parts;
  const cors = createCors(options.corsOrigins);
  const trusted = createIpList(options.trustedProxies);
  let underWay = 0;

  function refuseHead(
    request: HttpRequest,
    response: HttpResponse,
    info: RequestInfo,
    error: KeypoolError,
  ): void {
    const protocol = wireProtocolOf(headerOf(request, 'content-type'));
    const status = error.reason === 'METHOD_NOT_FOUND' ? 404 : undefined;
    const refused = errorResponse(protocol, refuse(error, info, log), status);
    void writeWhole(refused, response);
  }

  async function serve(request: HttpRequest, response: HttpResponse, info: RequestInfo): Promise<void> {
    const path = pathOf(request);
    if (request.method === 'OPTIONS') {
      setHeaders(response, cors.preflightFor(headerOf(request, 'origin') ?? undefined));
      response.statusCode = 204;
      response.end();
      return;
    }
    setHeaders(response, cors.headersFor(headerOf(request, 'origin') ?? undefined));
    if (request.method === 'GET' || request.method === 'HEAD') {
      const answer = await plainAnswer(health, path);
      if (answer !== null) return sendJson(request, response, answer.status, answer.body);
    }
    const handler = handlers.get(path);
    if (health.shutdown.aborted) return refuseHead(request, response, info, shuttingDown());
    if (handler === undefined) return refuseHead(request, response, info, methodNotFound(path));
    if (underWay >= options.limits.maxConcurrentRequests)
      return refuseHead(request, response, info, overloaded());
    underWay += 1;
    response.once('close', () => {
      underWay -= 1;
    });
    await serveRpc(handler, request, response, info, log, options.limits);
  }

  return (request, response) => {
    const startedMs = clock.monotonicMs();
    const peer = peerAddressOf(request.socket?.remoteAddress, request.headers['x-forwarded-for'], trusted);
    const info = createRequestInfo(requestIdOf(request.headers['x-request-id'], parts.newId), peer);
    response.setHeader('X-Request-Id', info.requestId);
    request.on('error', (error) =>
      log.debug({ err: error, request_id: info.requestId }, 'a request broke off'),
    );
    response.on('error', (error) =>
      log.debug({ err: error, request_id: info.requestId }, 'a response broke off'),
    );
    response.once('close', () => {
      // What was not read of a refused request still comes in; it has to go somewhere for the connection to live on.
      request.resume();
      if (!options.logRequests) return;
      const path = pathOf(request);
      const rpc = handlers.get(path);
      const method =
        rpc === undefined ? `${request.method} ${path.slice(0, PATH_LOGGED_MAX)}` : path.slice(1);
      const protocol = rpc === undefined ? 'plain' : wireProtocolOf(headerOf(request, 'content-type'));
      logRequest(log, request, response, {
        info,
        method,
        protocol,
        durationMs: clock.monotonicMs() - startedMs,
      });
    });
    serve(request, response, info).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else void writeWhole(errorResponse('connect', refuse(error, info, log)), response);
    });
  };
}
