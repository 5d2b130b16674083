import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { type BodyReader, NOT_READING, readBody } from './body.ts';
import type { Answer, Exchange } from './exchange.ts';

const NO_ERROR = constants.NGHTTP2_NO_ERROR;
const NO_BYTES = new Uint8Array(0);

function headersOf({ status, header }: Answer): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { ':status': status };
  for (let i = 0; i + 1 < header.length; i += 2) {
    const name = header[i];
    if (name !== undefined) headers[name] = header[i + 1];
  }
  return headers;
}

/** A request that is a stream of an HTTP/2 session. */
export function http2Exchange(stream: ServerHttp2Stream, brokeOff: (error: unknown) => void): Exchange {
  stream.on('error', brokeOff);
  let reader: BodyReader = NOT_READING;
  return {
    // Node ends the stream of an empty body by itself: whoever listens later hears nothing of it.
    bodyAtHand: () => (stream.readableEnded ? NO_BYTES : null),
    readBody: (bytesMax, listener) => {
      reader = readBody(stream, bytesMax, listener);
    },
    stopReading: () => reader.stop(),
    send: (answer) => {
      const { body, trailer } = answer;
      if (trailer !== null) stream.once('wantTrailers', () => stream.sendTrailers({ ...trailer }));
      stream.respond(headersOf(answer), { waitForTrailers: trailer !== null });
      if (body === null) stream.end();
      else stream.end(body);
    },
    destroy: () => stream.destroy(),
    isGone: () => stream.destroyed || stream.closed,
    onClose: (listener) => {
      stream.once('close', listener);
    },
    outcome: () => ({
      httpVersion: '2.0',
      httpStatus: stream.headersSent ? Number(stream.sentHeaders[':status']) : null,
      finished: stream.writableFinished || (stream.writableEnded && stream.rstCode === NO_ERROR),
    }),
  };
}
