import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

/** A request and its response of either HTTP version, as Node gives them. */
export type HttpRequest = IncomingMessage | Http2ServerRequest;
export type HttpResponse = ServerResponse | Http2ServerResponse;

/** Serves one request; never throws, and always ends the response. */
export type HttpHandler = (request: HttpRequest, response: HttpResponse) => void;

/** The path without the query. */
export function pathOf(request: HttpRequest): string {
  return (request.url ?? '').split('?', 1)[0] ?? '';
}

/** One header's value; null when it is absent or given as a list. */
export function headerOf(request: HttpRequest, name: string): string | null {
  const value = request.headers[name];
  return typeof value === 'string' ? value : null;
}

export function isHttp2(response: HttpResponse): response is Http2ServerResponse {
  return 'stream' in response;
}

/** True when nothing more can be sent: the connection or the stream is closed. */
export function isGone(response: HttpResponse): boolean {
  return isHttp2(response) ? response.stream.destroyed : response.destroyed;
}
