import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HttpHandler, UnreadAnswer } from '../http/message.ts';
import { invalidRequest } from '../refusals.ts';
import type { ServerOptions } from './options.ts';

/** The most a request's head may take, in bytes. */
export const HEAD_BYTES_MAX = 16_384;
/** How often connections are looked over for those that take too long, at most. */
const CHECK_MS_MAX = 1000;
/** How much later than our own answer to a slow request the connection itself is given up, in ms. */
const AFTER_ANSWER_MS = 2000 + CHECK_MS_MAX;

const REFUSALS: Readonly<Record<string, readonly [status: number, message: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request took too long to come in. Send it whole, and faster.'],
  HPE_HEADER_OVERFLOW: [431, `The request's headers are larger than ${HEAD_BYTES_MAX} bytes. Send less.`],
};

function refusalText(status: number, { requestId, body }: UnreadAnswer): string {
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}

/** A connection's last request and its response. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** True when a response of its own is due, or has gone out, for what a connection sends now. */
function isAnswered({ request, response }: Exchange): boolean {
  if (request.complete && response.writableFinished) return false;
  return response.headersSent || response.socket === null;
}

/** Answers what is no HTTP/1 request, or too slow or too large a head, and closes. */
function onClientError(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  last: Exchange | undefined,
  handler: HttpHandler,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable || (last !== undefined && isAnswered(last))) {
    socket.destroy();
    return;
  }
  const [status, message] = REFUSALS[error.code ?? ''] ?? [400, 'This is no HTTP request that can be read.'];
  const address = socket instanceof Socket ? socket.remoteAddress : undefined;
  const answer = handler.refuseUnread(invalidRequest(message), status, address);
  socket.end(refusalText(status, answer), () => socket.destroy());
}

export interface Http1 {
  readonly server: Server;
  /** Ends idle connections, and every other one as soon as its answer is out. */
  readonly retire: () => void;
}

/** HTTP/1.1 for connections that are handed over by `server.emit('connection', socket)`. */
export function createHttp1(options: ServerOptions, handler: HttpHandler): Http1 {
  /**
   * Of every connection that has sent a request. Not a set of what is under way: one that each request enters and leaves
   * is laid out anew time and again, and what it held before, which the collector of young garbage takes to be in use,
   * grows old with it.
   */
  const exchanges = new Map<Duplex, Exchange>();
  let retired = false;
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request;
    if (!exchanges.has(socket)) socket.once('close', () => exchanges.delete(socket));
    exchanges.set(socket, { request, response });
    if (retired) response.shouldKeepAlive = false;
    response.once('close', () => {
      // Its head may have promised to keep the connection before it was known that there is no more.
      if (retired) setImmediate(endIdle);
    });
    handler(request, response);
  };
  const server = createServer(
    {
      headersTimeout: options.headersTimeoutMs,
      requestTimeout: options.headersTimeoutMs + options.requestTimeoutMs + AFTER_ANSWER_MS,
      // Node's own refusals of a missing host and of an expectation have no body.
      requireHostHeader: false,
      keepAliveTimeout: options.keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(CHECK_MS_MAX, Math.ceil(options.headersTimeoutMs / 4)),
      maxHeaderSize: HEAD_BYTES_MAX,
      // Of two credentials the proxy before us may have looked at either: both together are none that can be read.
      joinDuplicateHeaders: true,
    },
    onRequest,
  );
  server.on('checkExpectation', onRequest);
  server.on('clientError', (error, socket) => {
    onClientError(error, socket, exchanges.get(socket), handler);
  });
  /** Ends idle connections, unless an answer is still on its way: to Node one is over when all of it was handed to it. */
  const endIdle = (): void => {
    for (const { response } of exchanges.values())
      if (response.writableEnded && !response.writableFinished && !response.destroyed) return;
    server.closeIdleConnections();
  };
  // It never listens itself, and only this event makes it watch over its time limits.
  server.emit('listening');
  return {
    server,
    retire: () => {
      retired = true;
      for (const { response } of exchanges.values()) response.shouldKeepAlive = false;
      endIdle();
    },
  };
}
