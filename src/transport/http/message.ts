import type { IncomingMessage, ServerResponse } from 'node:http';
import type {
  Http2ServerRequest,
  Http2ServerResponse,
  IncomingHttpHeaders,
  ServerHttp2Stream,
} from 'node:http2';
import type { KeypoolError } from '../../domain/errors.ts';
import type { Arrival } from './arrival.ts';

/** A request and its response of either HTTP version, as Node gives them. */
export type HttpRequest = IncomingMessage | Http2ServerRequest;
export type HttpResponse = ServerResponse | Http2ServerResponse;

/** What is answered to bytes that never became a request. */
export interface UnreadAnswer {
  readonly requestId: string;
  /** JSON. */
  readonly body: string;
}

export interface HttpHandler {
  /** Serves one request; never throws, and always ends the response. `arrival` is what is known of it already. */
  (request: HttpRequest, response: HttpResponse, arrival?: Arrival): void;
  /**
   * Serves a stream of HTTP/2 that has come in as far as its head, without Node's request and response objects. False
   * when those are needed; `general` is called later, with what was read by then, when that turns out on the way.
   */
  readonly takeStream: (
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    general: (arrival: Arrival) => void,
  ) => boolean;
  /** Refuses, and notes in the log, what could not be read as a request. */
  readonly refuseUnread: (error: KeypoolError, status: number, socketAddress?: string) => UnreadAnswer;
}

const SCHEME_AND_HOST = /^https?:\/\/[^/?]*/i;

/** The path without the query, also of a target in absolute form (RFC 9112, 3.2.2). */
export function pathOf(request: HttpRequest): string {
  const path = (request.url ?? '').replace(SCHEME_AND_HOST, '').split('?', 1)[0];
  return path === undefined || path === '' ? '/' : path;
}

/** One header's value; null when it is absent or given as a list. */
export function headerOf(request: HttpRequest, name: string): string | null {
  const value = request.headers[name];
  return typeof value === 'string' ? value : null;
}

export function isHttp2(response: HttpResponse): response is Http2ServerResponse {
  return 'stream' in response;
}

/** One and the same object for all requests of a connection. */
export function connectionOf(request: HttpRequest): object {
  return ('stream' in request ? request.stream.session : request.socket) ?? request;
}

/**
 * Calls `listener` once, when nothing more comes or goes. In HTTP/2 that is the stream's event: the response's own never
 * comes when a HEAD request is reset before its answer.
 */
export function onceClosed(response: HttpResponse, listener: () => void): void {
  if (isHttp2(response)) response.stream.once('close', listener);
  else response.once('close', listener);
}

/** True when nothing more can be sent: the connection or the stream is closed. */
export function isGone(response: HttpResponse): boolean {
  return isHttp2(response) ? response.stream.destroyed : response.destroyed;
}
