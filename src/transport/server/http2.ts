import { createServer, type IncomingHttpHeaders, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Arrival } from '../http/arrival.ts';
import type { HttpHandler } from '../http/message.ts';
import type { Log } from '../log.ts';
import { serveGenerally } from './general-stream.ts';
import { HEAD_BYTES_MAX } from './http1.ts';
import type { ServerOptions } from './options.ts';

/** Calls one connection may have under way. */
const STREAMS_MAX = 250;
/** Frames and streams a peer may get wrong before its session is ended. */
const MISTAKES_MAX = 100;
/** Streams a peer may reset at once, and per second in the long run, before its session is ended (CVE-2023-44487). */
const RESETS_BURST_MAX = 1000;
const RESETS_PER_SECOND_MAX = 100;

export interface Http2 {
  /** Speaks HTTP/2 on a connection. */
  readonly accept: (socket: Socket) => void;
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

/**
 * Asks the other side of a session time and again whether it is there, also while calls are open: one that does not
 * answer before the next question is cut off with its socket, which may hold what nobody reads.
 */
function endWhenDead(session: ServerHttp2Session, socket: Socket, everyMs: number): void {
  let asked = false;
  const timer = setInterval(() => {
    const unanswered = asked;
    asked = true;
    const sent =
      !unanswered &&
      !session.destroyed &&
      session.ping(() => {
        asked = false;
      });
    if (sent) return;
    session.destroy();
    socket.destroy();
  }, everyMs);
  socket.once('close', () => clearInterval(timer));
}

/** Node keeps the first of several Authorization fields; all together are none that can be read, as over HTTP/1.1. */
function joinCredentials(headers: IncomingHttpHeaders, rawHeaders: readonly string[]): void {
  const first = rawHeaders.indexOf('authorization');
  if (first < 0 || rawHeaders.indexOf('authorization', first + 1) < 0) return;
  const sent = rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1] === 'authorization');
  headers.authorization = sent.join(', ');
}

/** HTTP/2 for connections whose kind is known already. */
export function createHttp2(options: ServerOptions, handler: HttpHandler, log: Log): Http2 {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer({
    settings: { maxConcurrentStreams: STREAMS_MAX, maxHeaderListSize: HEAD_BYTES_MAX, enablePush: false },
    maxSessionInvalidFrames: MISTAKES_MAX,
    maxSessionRejectedStreams: MISTAKES_MAX,
    streamResetBurst: RESETS_BURST_MAX,
    streamResetRate: RESETS_PER_SECOND_MAX,
  });
  let retired = false;
  server.on('session', (session) => {
    sessions.add(session);
    if (retired) session.close();
    session.once('close', () => sessions.delete(session));
    session.on('error', (error) => log.debug({ err: error }, 'an HTTP/2 session broke off'));
    endWhenIdle(session, options);
    session.on('stream', (stream, headers, _flags, rawHeaders) => {
      joinCredentials(headers, rawHeaders);
      const come = { stream, headers, rawHeaders };
      const general = (arrival?: Arrival): void => serveGenerally(come, handler, log, arrival);
      if (!handler.takeStream(stream, headers, general)) general();
    });
  });
  server.on('sessionError', () => {});
  return {
    accept: (socket) => {
      const watch = (session: ServerHttp2Session): void =>
        endWhenDead(session, socket, options.keepAliveTimeoutMs);
      server.once('session', watch);
      server.emit('connection', socket);
      server.off('session', watch);
    },
    retire: () => {
      retired = true;
      for (const session of sessions) session.close();
    },
    destroy: () => {
      for (const session of sessions) session.destroy();
    },
  };
}
