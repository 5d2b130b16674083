import { createServer as createNetServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { HttpHandler } from '../http/message.ts';
import type { Log } from '../log.ts';
import { createHttp1 } from './http1.ts';
import { createHttp2 } from './http2.ts';
import type { RunningServer, ServerOptions } from './options.ts';
import { sniff } from './sniff.ts';

/** Connections open at a time; more are closed at once. */
const CONNECTIONS_MAX = 20_000;

function createAcceptor(options: ServerOptions, accept: (socket: Socket) => void): Server {
  if (options.tls === null) return createNetServer({ noDelay: true }, accept);
  return createTlsServer(
    {
      ...options.tls,
      ALPNProtocols: ['h2', 'http/1.1'],
      handshakeTimeout: options.headersTimeoutMs,
      minVersion: 'TLSv1.2',
      noDelay: true,
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

function urlOf(options: ServerOptions, port: number): string {
  const everywhere = options.host === '0.0.0.0' || options.host === '::';
  const host = everywhere ? '127.0.0.1' : options.host;
  return `${options.tls === null ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * Serves HTTP/1.1 and HTTP/2 from one port, told apart by a connection's first bytes. No connection, whatever it sends or
 * fails to send, outlives the time limits or ends the process.
 */
export async function startServer(
  options: ServerOptions,
  handler: HttpHandler,
  log: Log,
): Promise<RunningServer> {
  const http1 = createHttp1(options, handler);
  const http2 = createHttp2(options, handler, log);
  const sockets = new Set<Socket>();
  const undecided = new Set<Socket>();
  let closing: Promise<void> | null = null;

  const acceptor = createAcceptor(options, (socket) => {
    undecided.add(socket);
    sniff(socket, options.headersTimeoutMs, (version) => {
      undecided.delete(socket);
      (version === 2 ? http2.server : http1.server).emit('connection', socket);
    });
  });
  acceptor.maxConnections = CONNECTIONS_MAX;
  acceptor.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', (error) => log.debug({ err: error }, 'a connection broke off'));
    socket.once('close', () => {
      sockets.delete(socket);
      undecided.delete(socket);
    });
  });
  acceptor.on('tlsClientError', (error: Error, socket: Socket) => {
    log.debug({ err: error }, 'a TLS handshake failed');
    // Node leaves one that takes too long open.
    socket.destroy();
  });
  const port = await listen(acceptor, options.host, options.port);
  acceptor.on('error', (error) => log.error({ err: error }, 'the port failed'));

  async function shutDown(): Promise<void> {
    const closed = new Promise<void>((resolve) => acceptor.close(() => resolve()));
    for (const socket of undecided) socket.destroy();
    http1.retire();
    http2.retire();
    const timer = setTimeout(() => {
      log.warn({ connections: sockets.size }, 'calls under way did not finish in time and were cut off');
      http2.destroy();
      for (const socket of sockets) socket.destroy();
    }, options.shutdownTimeoutMs);
    await closed;
    clearTimeout(timer);
    http1.server.close();
  }

  return {
    url: urlOf(options, port),
    port,
    close: () => {
      closing ??= shutDown();
      return closing;
    },
  };
}
