import { createServer, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorToJson } from '@connectrpc/connect/protocol-connect';
import type { KeypoolError } from '../../domain/errors.ts';
import { toConnectError } from '../errors.ts';
import type { HttpHandler } from '../http/message.ts';
import { invalidRequest } from '../refusals.ts';
import type { ServerOptions } from './options.ts';

/** The most a request's head may take, in bytes. */
export const HEAD_BYTES_MAX = 16_384;
/** How often connections are looked over for those that take too long, at most. */
const CHECK_MS_MAX = 1000;

const REFUSALS: Readonly<Record<string, readonly [status: number, message: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request took too long to come in. Send it whole, and faster.'],
  HPE_HEADER_OVERFLOW: [431, `The request's headers are larger than ${HEAD_BYTES_MAX} bytes. Send less.`],
};

function refusalText(status: number, error: KeypoolError): string {
  const body = JSON.stringify(errorToJson(toConnectError(error, ''), undefined));
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}

/** Answers what is no HTTP/1 request, or too slow or too large a head, and closes. */
function onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, message] = REFUSALS[error.code ?? ''] ?? [400, 'This is no HTTP request that can be read.'];
  socket.end(refusalText(status, invalidRequest(message)), () => socket.destroy());
}

export interface Http1 {
  readonly server: Server;
  /** Ends idle connections, and every other one as soon as its answer is out. */
  readonly retire: () => void;
}

/** HTTP/1.1 for connections that are handed over by `server.emit('connection', socket)`. */
export function createHttp1(options: ServerOptions, handler: HttpHandler): Http1 {
  const underWay = new Set<ServerResponse>();
  let retired = false;
  const server = createServer(
    {
      headersTimeout: options.headersTimeoutMs,
      requestTimeout: Math.max(options.requestTimeoutMs, options.headersTimeoutMs),
      keepAliveTimeout: options.keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(CHECK_MS_MAX, Math.ceil(options.headersTimeoutMs / 4)),
      maxHeaderSize: HEAD_BYTES_MAX,
    },
    (request, response) => {
      if (retired) response.shouldKeepAlive = false;
      underWay.add(response);
      response.once('close', () => {
        underWay.delete(response);
        // Its head may have promised to keep the connection before it was known that there is no more.
        if (retired) setImmediate(() => server.closeIdleConnections());
      });
      handler(request, response);
    },
  );
  server.on('clientError', onClientError);
  // It never listens itself, and only this event makes it watch over its time limits.
  server.emit('listening');
  return {
    server,
    retire: () => {
      retired = true;
      for (const response of underWay) response.shouldKeepAlive = false;
      server.closeIdleConnections();
    },
  };
}
