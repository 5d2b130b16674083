import type { ConnectError } from '@connectrpc/connect';
import {
  createAsyncIterable,
  encodeEnvelope,
  type UniversalServerResponse,
} from '@connectrpc/connect/protocol';
import {
  codeToHttpStatus,
  contentTypeStreamJson,
  contentTypeUnaryJson,
  createEndStreamSerialization,
  endStreamFlag,
  errorToJsonBytes,
} from '@connectrpc/connect/protocol-connect';
import { contentTypeProto as grpcContentType, setTrailerStatus } from '@connectrpc/connect/protocol-grpc';
import {
  contentTypeProto as grpcWebContentType,
  trailerFlag,
  trailerSerialize,
} from '@connectrpc/connect/protocol-grpc-web';
import { sameContentType, wireProtocolOf } from './wire-protocol.ts';

const endStream = createEndStreamSerialization(undefined);

/** A whole response that tells an error. */
export interface ErrorAnswer {
  readonly status: number;
  readonly header: Headers;
  /** Null for none. */
  readonly body: Uint8Array | null;
  /** Null where the protocol has none. */
  readonly trailer: Headers | null;
}

function framed(contentType: string, flags: number, data: Uint8Array): ErrorAnswer {
  const header = new Headers({ 'Content-Type': contentType });
  return { status: 200, header, body: encodeEnvelope(flags, data), trailer: null };
}

function plain(error: ConnectError, status: number): ErrorAnswer {
  const body = errorToJsonBytes(error, undefined);
  const header = new Headers(error.metadata);
  header.set('Content-Type', contentTypeUnaryJson);
  header.set('Content-Length', String(body.byteLength));
  return { status, header, body, trailer: null };
}

/**
 * The whole response, in the protocol of the request's content type, of a call that failed before it had any other.
 * `status` overrides the HTTP status of the error's code where the protocol has one; gRPC, gRPC-Web and Connect streams
 * always answer 200 and tell the error at the end.
 */
export function errorAnswer(contentType: string | null, error: ConnectError, status?: number): ErrorAnswer {
  const same = sameContentType(contentType);
  switch (wireProtocolOf(contentType)) {
    case 'grpc': {
      const header = new Headers({ 'Content-Type': same ?? grpcContentType });
      return { status: 200, header, body: null, trailer: setTrailerStatus(new Headers(), error) };
    }
    case 'grpc-web':
      return framed(
        same ?? grpcWebContentType,
        trailerFlag,
        trailerSerialize(setTrailerStatus(new Headers(), error)),
      );
    case 'connect-stream':
      return framed(
        same ?? contentTypeStreamJson,
        endStreamFlag,
        endStream.serialize({ metadata: error.metadata, error }),
      );
    case 'connect':
      return plain(error, status ?? codeToHttpStatus(error.code));
  }
}

/** {@link errorAnswer} in the library's form. */
export function errorResponse(
  contentType: string | null,
  error: ConnectError,
  status?: number,
): UniversalServerResponse {
  const answer = errorAnswer(contentType, error, status);
  return {
    status: answer.status,
    header: answer.header,
    ...(answer.body === null ? {} : { body: createAsyncIterable([answer.body]) }),
    ...(answer.trailer === null ? {} : { trailer: answer.trailer }),
  };
}
