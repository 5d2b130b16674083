import { createServer as createNetServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { HttpHandler } from '../http/message.ts';
import type { Log } from '../log.ts';
import { createHttp1 } from './http1.ts';
import { createHttp2 } from './http2.ts';
import type { Connections, RunningServer, ServerOptions } from './options.ts';
import { sniff } from './sniff.ts';

/** Connections open at a time; more are closed at once. */
const CONNECTIONS_MAX = 20_000;
/** How long a connection is silent before TCP asks whether its other end is still there, in ms. */
const TCP_PROBE_MS = 60_000;
const SOCKET_OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_PROBE_MS };

/** Tells a connection by its other end: TLS wraps each socket in another one, of the same addresses. */
function peerOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

function createAcceptor(options: ServerOptions, accept: (socket: Socket) => void): Server {
  if (options.tls === null) return createNetServer(SOCKET_OPTIONS, accept);
  return createTlsServer(
    {
      ...options.tls,
      ALPNProtocols: ['h2', 'http/1.1'],
      handshakeTimeout: options.headersTimeoutMs,
      minVersion: 'TLSv1.2',
      ...SOCKET_OPTIONS,
    },
    accept,
  );
}

/** Rejects with Node's error when the address is taken or not to be had. */
function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

/** Gives the acceptor the connections of another process's port as if they came from its own. */
function acceptFrom(connections: Connections, acceptor: Server, open: ReadonlySet<Socket>): void {
  connections.begin((socket) => {
    if (open.size >= CONNECTIONS_MAX) {
      socket.destroy();
      return;
    }
    socket.setNoDelay(SOCKET_OPTIONS.noDelay);
    socket.setKeepAlive(SOCKET_OPTIONS.keepAlive, SOCKET_OPTIONS.keepAliveInitialDelay);
    acceptor.emit('connection', socket);
  });
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** Where connections come in. */
interface Entrance {
  readonly port: number;
  /** Lets no further ones in; resolves when none is open any more. */
  readonly close: () => Promise<void>;
}

async function openEntrance(
  acceptor: Server,
  { host, port }: ServerOptions,
  connections: Connections | null,
  open: ReadonlySet<Socket>,
): Promise<Entrance> {
  if (connections === null)
    return {
      port: await listen(acceptor, host, port),
      close: () => new Promise((resolve) => acceptor.close(() => resolve())),
    };
  acceptFrom(connections, acceptor, open);
  return {
    port: connections.port,
    close: async () => {
      connections.end();
      await Promise.all([...open].map(closed));
    },
  };
}

function urlOf(options: ServerOptions, port: number): string {
  const everywhere = options.host === '0.0.0.0' || options.host === '::';
  const host = everywhere ? '127.0.0.1' : options.host;
  return `${options.tls === null ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * Serves HTTP/1.1 and HTTP/2 from one port, told apart by a connection's first bytes. No connection, whatever it sends or
 * fails to send, outlives the time limits or ends the process. With `connections` it listens on no port itself.
 */
export async function startServer(
  options: ServerOptions,
  handler: HttpHandler,
  log: Log,
  connections: Connections | null = null,
): Promise<RunningServer> {
  const http1 = createHttp1(options, handler);
  const http2 = createHttp2(options, handler, log);
  const sockets = new Set<Socket>();
  /** Those of which it is not known yet what they speak, also in a TLS handshake: the plain socket, by {@link peerOf}. */
  const undecided = new Map<string, Socket>();
  let closing: Promise<void> | null = null;

  const acceptor = createAcceptor(options, (socket) => {
    sniff(socket, options.headersTimeoutMs, (version) => {
      undecided.delete(peerOf(socket));
      if (version === 2) http2.accept(socket);
      else http1.server.emit('connection', socket);
    });
  });
  acceptor.maxConnections = CONNECTIONS_MAX;
  acceptor.on('connection', (socket: Socket) => {
    const peer = peerOf(socket);
    sockets.add(socket);
    undecided.set(peer, socket);
    socket.on('error', (error) => log.debug({ err: error }, 'a connection broke off'));
    socket.once('close', () => {
      sockets.delete(socket);
      if (undecided.get(peer) === socket) undecided.delete(peer);
    });
  });
  acceptor.on('tlsClientError', (error: Error, socket: Socket) => {
    log.debug({ err: error }, 'a TLS handshake failed');
    // Node leaves one that takes too long open.
    socket.destroy();
  });
  const entrance = await openEntrance(acceptor, options, connections, sockets);
  acceptor.on('error', (error) => log.error({ err: error }, 'the port failed'));

  async function shutDown(): Promise<void> {
    const ended = entrance.close();
    for (const socket of undecided.values()) socket.destroy();
    http1.retire();
    http2.retire();
    const timer = setTimeout(() => {
      log.warn({ connections: sockets.size }, 'calls under way did not finish in time and were cut off');
      http2.destroy();
      for (const socket of sockets) socket.destroy();
    }, options.shutdownTimeoutMs);
    await ended;
    clearTimeout(timer);
    http1.server.close();
  }

  return {
    url: urlOf(options, entrance.port),
    port: entrance.port,
    close: () => {
      closing ??= shutDown();
      return closing;
    },
  };
}
