import { createServer, type Server, type Socket } from 'node:net';
import type { Config } from '../config.ts';
import { toListenError } from '../listen-error.ts';

/** Connections that may wait for a process at a time; more are closed at once. */
const WAITING_MAX = 4096;

/** One process that takes connections. */
export interface Taker {
  /** Gives it a connection, which stays open here as well. */
  readonly give: (id: number, socket: Socket) => void;
}

/** The port that the processes share. */
export interface HandOut {
  readonly port: number;
  /** From now on it is given connections, in turn with the others and one at a time. */
  readonly add: (taker: Taker) => void;
  /** It has what it was given. */
  readonly taken: (taker: Taker, id: number) => void;
  /** It is given no more, and others get what it has not taken. */
  readonly remove: (taker: Taker) => void;
  readonly close: () => void;
}

type Offer = { readonly id: number; readonly socket: Socket };

function listen(server: Server, config: Pick<Config, 'host' | 'port'>): Promise<number> {
  return new Promise((resolve, reject) => {
    // Also later, when it cannot take a connection: that one is lost, not the process.
    server.on('error', (error) => reject(toListenError(error, config)));
    server.listen(config.port, config.host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : config.port);
    });
  });
}

/**
 * Listens, and hands each connection to one of the processes without reading from it. It stays open here until the
 * process says that it has it: one that dies before leaves no caller waiting for ever. Error: StartError.
 */
export async function openHandOut(config: Pick<Config, 'host' | 'port'>): Promise<HandOut> {
  const waiting: Socket[] = [];
  /** In the order of their turns. */
  const free = new Set<Taker>();
  const offers = new Map<Taker, Offer | null>();
  let lastId = 0;
  let closed = false;

  function handOut(): void {
    for (const taker of free) {
      const socket = waiting.shift();
      if (socket === undefined) return;
      free.delete(taker);
      lastId += 1;
      offers.set(taker, { id: lastId, socket });
      taker.give(lastId, socket);
    }
  }

  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    waiting.push(socket);
    handOut();
  });
  server.maxConnections = WAITING_MAX;
  const port = await listen(server, config);

  return {
    port,
    add: (taker) => {
      offers.set(taker, null);
      free.add(taker);
      handOut();
    },
    taken: (taker, id) => {
      const offer = offers.get(taker);
      if (offer?.id !== id) return;
      offer.socket.destroy();
      offers.set(taker, null);
      free.add(taker);
      handOut();
    },
    remove: (taker) => {
      const offer = offers.get(taker);
      offers.delete(taker);
      free.delete(taker);
      if (!offer) return;
      if (closed) offer.socket.destroy();
      else waiting.unshift(offer.socket);
      handOut();
    },
    close: () => {
      closed = true;
      server.close();
      for (const socket of waiting.splice(0)) socket.destroy();
    },
  };
}
