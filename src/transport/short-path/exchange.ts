import type { Received } from '../http/arrival.ts';
import type { Outcome } from '../http/request-log.ts';

/** A whole answer. */
export interface Answer {
  readonly status: number;
  /** Names and values in turn. */
  readonly header: readonly string[];
  /** Text for what is to be sent as UTF-8; null for no body. */
  readonly body: string | Uint8Array | null;
  /** By name; null where the protocol has none. */
  readonly trailer: Readonly<Record<string, string>> | null;
}

/** How the reading of a body goes on. */
export interface BodyListener {
  /** It is in, whole. */
  readonly onEnd: (body: Uint8Array) => void;
  /** It is longer than it may be. */
  readonly onTooLong: () => void;
}

/** A request and its response, of either HTTP version. */
export interface Exchange {
  /**
   * The whole body where it came in with the head; null where it did not, or cannot be told, or is longer than it may
   * be: then nothing of it was read.
   */
  readonly bodyAtHand: (bytesMax: number) => Uint8Array | null;
  /** To be called once, where the body was not at hand. */
  readonly readBody: (bytesMax: number, listener: BodyListener) => void;
  /** Stops reading; gives what came, which is gone from the request. */
  readonly stopReading: () => Received;
  /** Sends the answer. To be called once, when the body is in. */
  readonly send: (answer: Answer) => void;
  /** Ends the connection or stream, whatever is on its way. */
  readonly destroy: () => void;
  /** True when nothing more can be sent. */
  readonly isGone: () => boolean;
  /** Called when nothing more comes or goes. To be set once. All that listens to the exchange is let go of after it. */
  readonly onClose: (listener: () => void) => void;
  readonly outcome: () => Outcome;
}
