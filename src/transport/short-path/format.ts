import { compressionNegotiate } from '@connectrpc/connect/protocol';
import { contentTypeUnaryJson, contentTypeUnaryProto } from '@connectrpc/connect/protocol-connect';
import {
  contentTypeJson as grpcJson,
  contentTypeProto as grpcProto,
} from '@connectrpc/connect/protocol-grpc';
import {
  contentTypeJson as grpcWebJson,
  contentTypeProto as grpcWebProto,
} from '@connectrpc/connect/protocol-grpc-web';
import { COMPRESSIONS } from '../router.ts';
import type { WireProtocol } from '../wire-protocol.ts';

/** How a request and its answer are written. */
export interface Format {
  readonly protocol: Exclude<WireProtocol, 'connect-stream'>;
  readonly json: boolean;
  /** The content type of an answer that is no error. */
  readonly contentType: string;
}

const CONNECT_JSON: Format = { protocol: 'connect', json: true, contentType: contentTypeUnaryJson };
const CONNECT_PROTO: Format = { protocol: 'connect', json: false, contentType: contentTypeUnaryProto };
const GRPC_PROTO: Format = { protocol: 'grpc', json: false, contentType: grpcProto };
const GRPC_JSON: Format = { protocol: 'grpc', json: true, contentType: grpcJson };
const WEB_PROTO: Format = { protocol: 'grpc-web', json: false, contentType: grpcWebProto };
const WEB_JSON: Format = { protocol: 'grpc-web', json: true, contentType: grpcWebJson };

/** As common clients write them; any other way goes the general path. */
const FORMATS: ReadonlyMap<string, Format> = new Map([
  ['application/json', CONNECT_JSON],
  ['application/json; charset=utf-8', CONNECT_JSON],
  ['application/json;charset=utf-8', CONNECT_JSON],
  ['application/proto', CONNECT_PROTO],
  ['application/grpc', GRPC_PROTO],
  ['application/grpc+proto', GRPC_PROTO],
  ['application/grpc+json', GRPC_JSON],
  ['application/grpc-web', WEB_PROTO],
  ['application/grpc-web+proto', WEB_PROTO],
  ['application/grpc-web+json', WEB_JSON],
]);

/** Null for a content type that the short path does not take. */
export function formatOf(contentType: string | undefined): Format | null {
  return FORMATS.get(contentType ?? '') ?? null;
}

/**
 * What `grpc-encoding` says in an answer, though none is compressed: the first encoding of `grpc-accept-encoding` that
 * is known. Null for no such header.
 */
export function answerEncoding(acceptEncoding: string | undefined): string | null {
  if (acceptEncoding === undefined) return null;
  const negotiated = compressionNegotiate([...COMPRESSIONS], null, acceptEncoding, 'grpc-accept-encoding');
  return negotiated.response?.name ?? null;
}
