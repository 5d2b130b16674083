import type { Socket } from 'node:net';

/** How the port behaves; times in ms. */
export interface ServerOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** PEM texts; null for cleartext. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** How long a connection may take to its first request's whole head, and to each further one's. */
  readonly headersTimeoutMs: number;
  /** How long a request may take to come in whole. */
  readonly requestTimeoutMs: number;
  /** How long a connection may stay without a request. */
  readonly keepAliveTimeoutMs: number;
  /** How long calls under way may take to finish when the server closes. */
  readonly shutdownTimeoutMs: number;
}

/** Where connections come from when another process listens. */
export interface Connections {
  /** That the other process listens on. */
  readonly port: number;
  /** Every connection from now on is given to `accept`, with nothing read from it. */
  readonly begin: (accept: (socket: Socket) => void) => void;
  /** No further one is given. */
  readonly end: () => void;
}

/** A port that is served. */
export interface RunningServer {
  /** As clients on this machine reach it, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly port: number;
  /**
   * Takes no further connections and calls, lets those under way finish within the time limit, then ends what is left.
   * Resolves when nothing is open any more. May be called again: gives the same promise.
   */
  readonly close: () => Promise<void>;
}
