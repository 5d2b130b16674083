import { constants, type ServerHttp2Stream } from 'node:http2';
import { type BodyReader, NOT_READING, readBody } from './body.ts';
import type { Exchange } from './exchange.ts';

const NO_ERROR = constants.NGHTTP2_NO_ERROR;
const NO_BYTES = new Uint8Array(0);

/** A request that is a stream of an HTTP/2 session. */
export function http2Exchange(stream: ServerHttp2Stream, brokeOff: (error: unknown) => void): Exchange {
  stream.on('error', brokeOff);
  let reader: BodyReader = NOT_READING;
  let httpStatus: number | null = null;
  return {
    // Node ends the stream of an empty body by itself: whoever listens later hears nothing of it.
    bodyAtHand: () => (stream.readableEnded ? NO_BYTES : null),
    readBody: (bytesMax, listener) => {
      reader = readBody(stream, bytesMax, listener);
    },
    stopReading: () => reader.stop(),
    send: ({ status, header, body, trailer }) => {
      if (trailer !== null) stream.once('wantTrailers', () => stream.sendTrailers(trailer));
      stream.respond([':status', String(status), ...header], { waitForTrailers: trailer !== null });
      httpStatus = status;
      if (body === null) stream.end();
      else stream.end(body);
    },
    destroy: () => stream.destroy(),
    isGone: () => stream.destroyed || stream.closed,
    onClose: (listener) => {
      stream.once('close', () => {
        listener();
        // Tables that its session's map of streams has outgrown hold some of them until everything is collected: the
        // calls that their listeners reach would be kept with them.
        stream.removeAllListeners();
      });
    },
    outcome: () => ({
      httpVersion: '2.0',
      httpStatus,
      finished: stream.writableFinished || (stream.writableEnded && stream.rstCode === NO_ERROR),
    }),
  };
}
