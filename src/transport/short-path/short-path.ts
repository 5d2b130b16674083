import type { IncomingMessage, ServerResponse } from 'node:http';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Arrival, Origin } from '../http/arrival.ts';
import type { Room } from '../http/room.ts';
import { leaveRoom } from '../request-info.ts';
import type { UnaryRpc } from '../rpc/unary-rpc.ts';
import { serveShortly } from './call.ts';
import type { Exchange } from './exchange.ts';
import { readHead } from './head.ts';
import { createMessages } from './messages.ts';
import { http1Exchange } from './over-http1.ts';
import { http2Exchange } from './over-http2.ts';
import type { CallParts, ShortRpc } from './running-call.ts';

export interface ShortPathParts extends CallParts {
  readonly rpcs: readonly UnaryRpc[];
  readonly arrive: (origin: Origin) => Arrival;
  /** Holds the calls that carry a token. */
  readonly room: Room;
  /** Fires when the process begins to shut down. */
  readonly shutdown: AbortSignal;
  /** Called when a request is over, with its path. */
  readonly onOver: (
    request: { readonly path: string; readonly headers: IncomingHttpHeaders },
    exchange: Exchange,
    arrival: Arrival,
  ) => void;
}

/** Gives a request to the general path, with what was read of it. */
export type General = (arrival: Arrival) => void;

/**
 * Serves unary calls of the usual form with little around them. Each gives false for a request of any other form, which
 * it has not touched then; what turns out on the way to be out of the ordinary goes to `general`.
 */
export interface ShortPath {
  readonly takeRequest: (request: IncomingMessage, response: ServerResponse, general: General) => boolean;
  readonly takeStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, general: General) => boolean;
}

type BrokeOff = (error: unknown) => void;

/** A POST that has come in as far as its head. */
interface Came {
  readonly path: string;
  readonly origin: Origin;
  /** Whether its answer can have trailers. */
  readonly trailers: boolean;
}

export function createShortPath(parts: ShortPathParts): ShortPath {
  const { limits, log, room, shutdown } = parts;
  const rpcs = new Map<string, ShortRpc>();
  for (const rpc of parts.rpcs) {
    const messages = createMessages(rpc.method, limits.maxRequestBytes);
    rpcs.set(`/${rpc.method.parent.typeName}/${rpc.method.name}`, { ...rpc, messages });
  }

  function take(came: Came, exchangeOf: (brokeOff: BrokeOff) => Exchange, general: General): boolean {
    const { path, origin } = came;
    const { headers } = origin;
    const rpc = rpcs.get(path);
    const head = rpc === undefined ? null : readHead(headers, limits, came.trailers);
    if (rpc === undefined || head === null || shutdown.aborted || !room.enter()) return false;
    const arrival = parts.arrive(origin);
    arrival.info.room = room;
    const exchange = exchangeOf((error) =>
      log.debug({ err: error, request_id: arrival.info.requestId }, 'a request broke off'),
    );
    const handOver = (further: Arrival): void => {
      leaveRoom(arrival.info);
      general(further);
    };
    const over = serveShortly(parts, { rpc, head, headers, exchange, arrival, handOver });
    exchange.onClose(() => {
      if (!over()) return;
      leaveRoom(arrival.info);
      parts.onOver({ path, headers }, exchange, arrival);
    });
    return true;
  }

  return {
    takeRequest: (request, response, general) => {
      const { headers, socket } = request;
      if (request.method !== 'POST' || request.httpVersion !== '1.1' || headers.host === undefined)
        return false;
      const origin = { headers, socketAddress: () => socket.remoteAddress, connection: socket };
      const came = { path: request.url ?? '', origin, trailers: false };
      return take(came, (brokeOff) => http1Exchange(request, response, brokeOff), general);
    },
    takeStream: (stream, headers, general) => {
      const { session } = stream;
      if (headers[':method'] !== 'POST' || session === undefined) return false;
      const origin = { headers, socketAddress: () => session.socket.remoteAddress, connection: session };
      const came = { path: headers[':path'] ?? '', origin, trailers: true };
      return take(came, (brokeOff) => http2Exchange(stream, brokeOff), general);
    },
  };
}
