import { constants, createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { HttpHandler } from '../http/message.ts';
import type { Log } from '../log.ts';
import { HEAD_BYTES_MAX } from './http1.ts';
import type { ServerOptions } from './options.ts';

/** Calls one connection may have under way. */
const STREAMS_MAX = 250;
/** Frames and streams a peer may get wrong before its session is ended. */
const MISTAKES_MAX = 100;
/** Streams a peer may reset at once, and per second in the long run, before its session is ended (CVE-2023-44487). */
const RESETS_BURST_MAX = 1000;
const RESETS_PER_SECOND_MAX = 100;
/** How long the rest of a refused request's body may come in before the stream is closed, in ms. */
const LINGER_MS = 1000;

export interface Http2 {
  readonly server: Http2Server;
  /** Sends GOAWAY on every session: calls under way finish, new ones go elsewhere. */
  readonly retire: () => void;
  readonly destroy: () => void;
}

/**
 * Ends a session that does not come to a request in time: `headersTimeoutMs` for its first settings, then
 * `keepAliveTimeoutMs` whenever nothing is under way. A head that never ends counts as nothing.
 */
function endWhenIdle(session: ServerHttp2Session, options: ServerOptions): void {
  let open = 0;
  let timer = setTimeout(() => session.destroy(), options.headersTimeoutMs);
  const waitForRequest = (): void => {
    clearTimeout(timer);
    if (open === 0 && !session.destroyed)
      timer = setTimeout(() => session.close(), options.keepAliveTimeoutMs);
  };
  session.once('remoteSettings', waitForRequest);
  session.on('stream', (stream) => {
    open += 1;
    clearTimeout(timer);
    stream.once('close', () => {
      open -= 1;
      waitForRequest();
    });
  });
  session.once('close', () => clearTimeout(timer));
}

/** HTTP/2 for connections that are handed over by `server.emit('connection', socket)`. */
export function createHttp2(options: ServerOptions, handler: HttpHandler, log: Log): Http2 {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer({
    settings: { maxConcurrentStreams: STREAMS_MAX, maxHeaderListSize: HEAD_BYTES_MAX, enablePush: false },
    maxSessionInvalidFrames: MISTAKES_MAX,
    maxSessionRejectedStreams: MISTAKES_MAX,
    streamResetBurst: RESETS_BURST_MAX,
    streamResetRate: RESETS_PER_SECOND_MAX,
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.on('error', (error) => log.debug({ err: error }, 'an HTTP/2 session broke off'));
    endWhenIdle(session, options);
  });
  server.on('sessionError', () => {});
  server.on('request', (request, response) => {
    const { stream } = response;
    stream.on('error', (error) => log.debug({ err: error }, 'an HTTP/2 stream broke off'));
    response.once('finish', () => {
      request.resume();
      const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), LINGER_MS);
      stream.once('close', () => clearTimeout(timer));
      if (stream.closed) clearTimeout(timer);
    });
    handler(request, response);
  });
  return {
    server,
    retire: () => {
      for (const session of sessions) session.close();
    },
    destroy: () => {
      for (const session of sessions) session.destroy();
    },
  };
}
