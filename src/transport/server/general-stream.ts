import {
  constants,
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Arrival } from '../http/arrival.ts';
import type { HttpHandler } from '../http/message.ts';
import type { Log } from '../log.ts';

/** How long the rest of a refused request's body may come in before the stream is closed, in ms. */
const LINGER_MS = 1000;

/** A stream of which something was read already: it was paused then, and does not go on by itself. */
class PausedStreamRequest extends Http2ServerRequest {
  override _read(size: number): void {
    super._read(size);
    this.stream.resume();
  }
}

/** Closes a stream whose answer is out, also when its request does not come to an end. */
function closeSoon(stream: ServerHttp2Stream, request: Http2ServerRequest): void {
  request.resume();
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), LINGER_MS);
  stream.once('close', () => clearTimeout(timer));
  if (stream.closed) clearTimeout(timer);
}

/** A stream of HTTP/2 with its head, as Node gives it. */
export interface NewStream {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
}

/**
 * Serves a stream with Node's request and response objects, as the `request` event of its server would have it. With an
 * `arrival`, some of it was read before.
 */
export function serveGenerally(
  { stream, headers, rawHeaders }: NewStream,
  handler: HttpHandler,
  log: Log,
  arrival?: Arrival,
): void {
  const paused = arrival !== undefined && !arrival.received.ended;
  const request = new (paused ? PausedStreamRequest : Http2ServerRequest)(stream, headers, {}, rawHeaders);
  const response = new Http2ServerResponse(stream);
  stream.on('error', (error) => log.debug({ err: error }, 'an HTTP/2 stream broke off'));
  stream.once('finish', () => closeSoon(stream, request));
  if (headers[':method'] === 'CONNECT') {
    response.statusCode = constants.HTTP_STATUS_METHOD_NOT_ALLOWED;
    response.end();
    return;
  }
  // What came with its head may have ended it already, and then this throws.
  if (headers.expect === '100-continue' && !stream.closed) response.writeContinue();
  handler(request, response, arrival);
}
