import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream';

export type TcpServer = AsyncDisposable & {
  readonly url: string;
  /** How many connections it has accepted so far. */
  readonly accepted: () => number;
  /** Resolves when one is or was accepted. */
  readonly connected: Promise<void>;
  /** Breaks all connections that are open. */
  readonly cut: () => void;
};

/** Accepts connections and never says a word. */
export function silentServer(): Promise<TcpServer> {
  return listen((socket) => socket.resume());
}

/** Passes every byte on to another server, so that its connections can be counted and cut. */
export function proxyTo(target: string): Promise<TcpServer> {
  const { hostname, port } = new URL(target);
  return listen((socket) => {
    const upstream = connect(Number(port), hostname);
    pipeline(socket, upstream, socket, () => {});
  });
}

/** A URL of this machine at which nothing listens. */
export async function closedUrl(): Promise<string> {
  await using server = await listen(() => {});
  return server.url;
}

async function listen(serve: (socket: Socket) => void): Promise<TcpServer> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server = createServer((socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    serve(socket);
  });
  const connected = once(server, 'connection').then(() => {});
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const close = async () => {
    const closed = once(server.close(), 'close');
    cut();
    await closed;
  };
  return { url: urlOf(server), accepted: () => accepted, connected, cut, [Symbol.asyncDispose]: close };
}

function urlOf(server: Server): string {
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}
