import type { IncomingMessage, ServerResponse } from 'node:http';
import { type BodyReader, NOT_READING, readBody } from './body.ts';
import type { Exchange } from './exchange.ts';

/** A request over HTTP/1.1 whose answer has no trailers. */
export function http1Exchange(
  request: IncomingMessage,
  response: ServerResponse,
  brokeOff: (error: unknown) => void,
): Exchange {
  request.on('error', brokeOff);
  response.on('error', brokeOff);
  let reader: BodyReader = NOT_READING;
  return {
    bodyAtHand: (bytesMax) => {
      const { readableLength } = request;
      if (readableLength > bytesMax || readableLength !== Number(request.headers['content-length']))
        return null;
      const body: Buffer | null = request.read();
      if (body !== null) reader = { stop: () => ({ chunks: [body], ended: true }) };
      return body;
    },
    readBody: (bytesMax, listener) => {
      reader = readBody(request, bytesMax, listener);
    },
    stopReading: () => reader.stop(),
    send: ({ status, header, body }) => {
      response.writeHead(status, [...header]);
      response.end(body);
    },
    destroy: () => response.destroy(),
    isGone: () => response.destroyed,
    onClose: (listener) => {
      response.once('close', listener);
    },
    outcome: () => ({
      httpVersion: request.httpVersion,
      httpStatus: response.headersSent ? response.statusCode : null,
      finished: response.writableFinished,
    }),
  };
}
