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

function framed(contentType: string, flags: number, data: Uint8Array): UniversalServerResponse {
  return {
    status: 200,
    header: new Headers({ 'Content-Type': contentType }),
    body: createAsyncIterable([encodeEnvelope(flags, data)]),
  };
}

function plain(error: ConnectError, status: number): UniversalServerResponse {
  const body = errorToJsonBytes(error, undefined);
  const header = new Headers(error.metadata);
  header.set('Content-Type', contentTypeUnaryJson);
  header.set('Content-Length', String(body.byteLength));
  return { status, header, body: createAsyncIterable([body]) };
}

/**
 * The whole response, in the protocol of the request's content type, of a call that failed before it had any other. `status` overrides the HTTP status of the error's
 * code where the protocol has one; gRPC, gRPC-Web and Connect streams always answer 200 and tell the error at the end.
 */
export function errorResponse(
  contentType: string | null,
  error: ConnectError,
  status?: number,
): UniversalServerResponse {
  const same = sameContentType(contentType);
  switch (wireProtocolOf(contentType)) {
    case 'grpc':
      return {
        status: 200,
        header: new Headers({ 'Content-Type': same ?? grpcContentType }),
        trailer: setTrailerStatus(new Headers(), error),
      };
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
