import type { UniversalHandler } from '@connectrpc/connect/protocol';
import { shuttingDown } from '../../domain/ended-calls.ts';
import type { KeypoolError } from '../../domain/errors.ts';
import { errorResponse } from '../error-response.ts';
import { hostMissing, methodNotFound, overloaded, unknownExpectation } from '../refusals.ts';
import { refuse } from '../refuse.ts';
import { needsToken } from '../request-gate.ts';
import { leaveRoom, type RequestInfo } from '../request-info.ts';
import type { Arrival } from './arrival.ts';
import { createCors } from './cors.ts';
import { type HttpRequest, type HttpResponse, headerOf, isGone, onceClosed, pathOf } from './message.ts';
import type { HttpOptions, HttpParts } from './options.ts';
import { type PlainAnswer, plainAnswer } from './plain-routes.ts';
import type { Room } from './room.ts';
import { isOpenEnded, serveRpc } from './rpc.ts';
import { writeWhole } from './write-response.ts';

function setHeaders(response: HttpResponse, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

function sendJson(request: HttpRequest, response: HttpResponse, answer: PlainAnswer): void {
  const { status, body, maxAgeSeconds = 0 } = answer;
  const text = `${JSON.stringify(body)}\n`;
  const caching = maxAgeSeconds === 0 ? 'no-store' : `public, max-age=${maxAgeSeconds}`;
  response.statusCode = status;
  setHeaders(response, { 'Content-Type': 'application/json', 'Cache-Control': caching });
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
function limitAnswer(response: HttpResponse, requestTimeoutMs: number, info: RequestInfo): () => void {
  const end = (): void => {
    response.destroy();
  };
  // A call's own time, then as much again for its answer, and a second more than these take at most.
  let timer = setTimeout(
    () => {
      if (info.waitMs > 0) timer = setTimeout(end, info.waitMs);
      else end();
    },
    2 * requestTimeoutMs + 1000,
  );
  const callOff = (): void => clearTimeout(timer);
  onceClosed(response, callOff);
  return callOff;
}

/**
 * Calls under way. Anybody may make calls without a token, and streams stay open: neither take room from the others.
 */
export interface Rooms {
  readonly withToken: Room;
  /** Those with a token that stay open. */
  readonly streams: Room;
  readonly withoutToken: Room;
}

function roomFor(handler: UniversalHandler, rooms: Rooms): Room {
  if (!needsToken(handler.method)) return rooms.withoutToken;
  return isOpenEnded(handler) ? rooms.streams : rooms.withToken;
}

export type Serve = (request: HttpRequest, response: HttpResponse, arrival: Arrival) => Promise<void>;

/** Preflights, plain routes, RPCs, and what is none of these. */
export function createServe(
  { handlers, health, log, context }: HttpParts,
  options: HttpOptions,
  rooms: Rooms,
): Serve {
  const cors = createCors(options.corsOrigins);
  const { limits } = options;

  return async (request, response, arrival) => {
    const callOffLimit = limitAnswer(response, limits.requestTimeoutMs, arrival.info);
    const refuseWith = (error: KeypoolError, status?: number): Promise<void> => {
      const contentType = headerOf(request, 'content-type');
      const refused = refuse(error, arrival.info, log);
      return writeWhole(errorResponse(contentType, refused, status), request, response);
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
      const answer = await plainAnswer(health, context.jwts, path);
      if (answer !== null) return sendJson(request, response, answer);
      // Nothing would tell of its end any more.
      if (isGone(response)) return;
    }
    const handler = handlers.get(path);
    if (health.shutdown.aborted) return refuseWith(shuttingDown());
    if (handler === undefined) return refuseWith(methodNotFound(), 404);
    const room = roomFor(handler, rooms);
    if (!room.enter()) return refuseWith(overloaded());
    arrival.info.room = room;
    onceClosed(response, () => leaveRoom(arrival.info));
    if (isOpenEnded(handler)) callOffLimit();
    const elapsedMs = context.clock.monotonicMs() - arrival.startedMs;
    await serveRpc(handler, request, response, arrival, { log, limits, elapsedMs, now: context.store.now });
  };
}
