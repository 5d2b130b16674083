import { IncomingMessage, ServerResponse } from 'node:http';
import { errorToJson } from '@connectrpc/connect/protocol-connect';
import type { KeypoolError } from '../../domain/errors.ts';
import { createIpList } from '../../model/ip-list.ts';
import { errorResponse } from '../error-response.ts';
import { toConnectError } from '../errors.ts';
import { refuse } from '../refuse.ts';
import { createShortPath, type ShortPath } from '../short-path/short-path.ts';
import { type Arrival, createArrivals } from './arrival.ts';
import { createCors } from './cors.ts';
import {
  connectionOf,
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
  headerOf,
  onceClosed,
  pathOf,
  type UnreadAnswer,
} from './message.ts';
import type { HttpOptions, HttpParts } from './options.ts';
import { peerAddressOf } from './peer-address.ts';
import { createOver, logUnread, type Outcome, type Over } from './request-log.ts';
import { createRoom } from './room.ts';
import { createServe, type Rooms } from './serve-request.ts';
import { writeWhole } from './write-response.ts';

interface Shared {
  readonly arrive: ReturnType<typeof createArrivals>;
  readonly rooms: Rooms;
  readonly over: Over;
}

function shortPathOf(parts: HttpParts, options: HttpOptions, { arrive, rooms, over }: Shared): ShortPath {
  const { context, log, health, rpcs } = parts;
  const { limits, corsOrigins, logRequests } = options;
  return createShortPath({
    context,
    log,
    limits,
    rpcs,
    arrive,
    corsFor: createCors(corsOrigins).headersFor,
    room: rooms.withToken,
    shutdown: health.shutdown,
    onOver: ({ path, headers }, exchange, arrival) => {
      if (!logRequests) return;
      const contentType = headers['content-type'] ?? null;
      over({ method: 'POST', path, contentType }, arrival, exchange.outcome());
    },
  });
}

function outcomeOf(request: HttpRequest, response: HttpResponse): Outcome {
  return {
    httpVersion: request.httpVersion,
    httpStatus: response.headersSent ? response.statusCode : null,
    finished: response.writableFinished,
  };
}

/** Serves every request of the port, and notes each in the log when it is over. */
export function createHttpHandler(parts: HttpParts, options: HttpOptions): HttpHandler {
  const { log, newRequestId, context } = parts;
  const { limits, trustedProxies, logRequests } = options;
  const trusted = createIpList(trustedProxies);
  const arrive = createArrivals({ clock: context.clock, newRequestId, trustedProxies });
  const rooms = {
    withToken: createRoom(limits.maxConcurrentRequests),
    streams: createRoom(limits.maxConcurrentRequests),
    withoutToken: createRoom(limits.maxConcurrentRequests),
  };
  const serve = createServe(parts, options, rooms);
  const over = createOver(parts);
  const short = options.shortPath === false ? null : shortPathOf(parts, options, { arrive, rooms, over });

  function refuseUnread(error: KeypoolError, status: number, socketAddress?: string): UnreadAnswer {
    const requestId = newRequestId();
    const peerAddress = peerAddressOf(socketAddress, undefined, trusted);
    if (logRequests) logUnread(log, { reason: error.reason, status, requestId, peerAddress });
    return { requestId, body: JSON.stringify(errorToJson(toConnectError(error, requestId), undefined)) };
  }

  function general(request: HttpRequest, response: HttpResponse, arrival: Arrival): void {
    const { info } = arrival;
    const brokeOff = (error: unknown): void =>
      log.debug({ err: error, request_id: info.requestId }, 'a request broke off');
    response.setHeader('X-Request-Id', info.requestId);
    request.on('error', brokeOff);
    response.on('error', brokeOff);
    const contentType = headerOf(request, 'content-type');
    if (logRequests)
      onceClosed(response, () => {
        const path = pathOf(request);
        over({ method: request.method ?? '', path, contentType }, arrival, outcomeOf(request, response));
      });
    // What was not read of a refused request still comes in; it has to go somewhere for the connection to live on.
    onceClosed(response, () => request.resume());
    serve(request, response, arrival).catch((error: unknown) => {
      const failure = refuse(error, info, log);
      if (response.headersSent) response.destroy();
      else writeWhole(errorResponse(contentType, failure), request, response).catch(() => response.destroy());
    });
  }

  function handle(request: HttpRequest, response: HttpResponse, arrival?: Arrival): void {
    if (arrival !== undefined) {
      general(request, response, arrival);
      return;
    }
    if (short !== null && request instanceof IncomingMessage && response instanceof ServerResponse) {
      const later = (further: Arrival) => general(request, response, further);
      if (short.takeRequest(request, response, later)) return;
    }
    const socketAddress = (): string | undefined => request.socket?.remoteAddress;
    const origin = { headers: request.headers, socketAddress, connection: connectionOf(request) };
    general(request, response, arrive(origin));
  }

  const takeStream: HttpHandler['takeStream'] = (stream, headers, later) =>
    short?.takeStream(stream, headers, later) ?? false;
  return Object.assign(handle, { refuseUnread, takeStream });
}
