import type { UniversalHandler } from '@connectrpc/connect/protocol';
import { errorToJson } from '@connectrpc/connect/protocol-connect';
import type { KeypoolError } from '../../domain/errors.ts';
import type { Clock } from '../../model/clock.ts';
import { createIpList } from '../../model/ip-list.ts';
import { errorResponse } from '../error-response.ts';
import { toConnectError } from '../errors.ts';
import type { Health } from '../health.ts';
import type { Log } from '../log.ts';
import { hostMissing, methodNotFound, overloaded, shuttingDown, unknownExpectation } from '../refusals.ts';
import { refuse } from '../refuse.ts';
import { needsToken } from '../request-gate.ts';
import { createRequestInfo, type RequestInfo } from '../request-info.ts';
import { wireProtocolOf } from '../wire-protocol.ts';
import { createCors } from './cors.ts';
import {
  connectionOf,
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
  headerOf,
  pathOf,
  type UnreadAnswer,
} from './message.ts';
import { peerAddressOf } from './peer-address.ts';
import { PLAIN_PATHS, plainAnswer } from './plain-routes.ts';
import { requestIdOf } from './request-id.ts';
import { logRequest, logUnread } from './request-log.ts';
import { isOpenEnded, type RpcLimits, serveRpc } from './rpc.ts';
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

/** What is wrong with a head whatever it asks for, and the HTTP status of that; null when nothing is. */
function headFault(request: HttpRequest): readonly [error: KeypoolError, status: number] | null {
  const { expect } = request.headers;
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') return [unknownExpectation(), 417];
  if (request.httpVersion === '1.1' && request.headers.host === undefined) return [hostMissing(), 400];
  return null;
}

/** Ends the connection or stream of a caller that does not take its answer; gives how to call that off. */
function limitAnswer(response: HttpResponse, requestTimeoutMs: number): () => void {
  // A call's own time, then as much again for its answer, and a second more than these take at most.
  const timer = setTimeout(() => response.destroy(), 2 * requestTimeoutMs + 1000);
  const callOff = (): void => clearTimeout(timer);
  response.once('close', callOff);
  return callOff;
}

type Serve = (request: HttpRequest, response: HttpResponse, info: RequestInfo) => Promise<void>;

/** Preflights, plain routes, RPCs, and what is none of these. */
function createServe({ handlers, health, log }: HttpParts, options: HttpOptions): Serve {
  const cors = createCors(options.corsOrigins);
  const { maxConcurrentRequests, requestTimeoutMs } = options.limits;
  // Anybody may make calls without a token: they take no room from the others.
  const underWay = { withToken: 0, withoutToken: 0 };

  return async (request, response, info) => {
    const callOffLimit = limitAnswer(response, requestTimeoutMs);
    const refuseWith = (error: KeypoolError, status?: number): Promise<void> => {
      const contentType = headerOf(request, 'content-type');
      return writeWhole(errorResponse(contentType, refuse(error, info, log), status), request, response);
    };
    const fault = headFault(request);
    if (fault !== null) return refuseWith(...fault);
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
    if (handler === undefined) return refuseWith(methodNotFound(), 404);
    const kind = needsToken(handler.method) ? 'withToken' : 'withoutToken';
    if (underWay[kind] >= maxConcurrentRequests) return refuseWith(overloaded());
    underWay[kind] += 1;
    response.once('close', () => {
      underWay[kind] -= 1;
    });
    if (isOpenEnded(handler)) callOffLimit();
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

  function refuseUnread(error: KeypoolError, status: number, socketAddress?: string): UnreadAnswer {
    const requestId = newId();
    const peerAddress = peerAddressOf(socketAddress, undefined, trusted);
    if (options.logRequests) logUnread(log, { reason: error.reason, status, requestId, peerAddress });
    return { requestId, body: JSON.stringify(errorToJson(toConnectError(error, requestId), undefined)) };
  }

  const handle = (request: HttpRequest, response: HttpResponse): void => {
    const peer = peerAddressOf(request.socket?.remoteAddress, request.headers['x-forwarded-for'], trusted);
    const info = createRequestInfo(
      requestIdOf(request.headers['x-request-id'], newId),
      peer,
      connectionOf(request),
    );
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
        const contentType = headerOf(request, 'content-type');
        writeWhole(errorResponse(contentType, failure), request, response).catch(() => response.destroy());
      }
    });
  };
  return Object.assign(handle, { refuseUnread });
}
