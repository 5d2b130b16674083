import { create, toBinary, toJsonString } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { VerifyTokenRequestSchema } from '../../gen/keypool/v1/auth_messages_pb.ts';
import { DrawKeyRequestSchema } from '../../gen/keypool/v1/key_pool_service_pb.ts';
import type { Ask } from './plan.ts';

const DRAW_PATH = '/keypool.v1.KeyPoolService/DrawKey';
const REPORT_PATH = '/keypool.v1.KeyPoolService/ReportOutcome';
const BATCH_REPORT_PATH = '/keypool.v1.KeyPoolService/BatchReportOutcomes';
const VERIFY_PATH = '/keypool.v1.AuthService/VerifyToken';
/** Where clients of the backend call from, and what. */
const CLIENT_CALL = { ipAddress: '192.0.2.7', resource: '/chat', requiredScopes: ['api:access'] };

/** Where an ask goes, and its request in both forms. */
function requestOf(ask: Ask): { readonly path: string; readonly json: string; readonly binary: Uint8Array } {
  if ('feature' in ask) {
    const wait = ask.maxWaitMs === undefined ? {} : { maxWait: durationFromMs(ask.maxWaitMs) };
    const message = create(DrawKeyRequestSchema, { feature: ask.feature, ...wait });
    const json = toJsonString(DrawKeyRequestSchema, message);
    return { path: DRAW_PATH, json, binary: toBinary(DrawKeyRequestSchema, message) };
  }
  const message = create(VerifyTokenRequestSchema, { ...CLIENT_CALL, token: ask.clientToken });
  const json = toJsonString(VerifyTokenRequestSchema, message);
  return { path: VERIFY_PATH, json, binary: toBinary(VerifyTokenRequestSchema, message) };
}

/** A call as a whole HTTP/1.1 request, so that it costs one write. */
function wholeRequest(token: string, port: number, path: string, json: string): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    'content-type: application/json',
    `authorization: Bearer ${token}`,
    `content-length: ${Buffer.byteLength(json)}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${json}`);
}

/** An ask as a whole HTTP/1.1 request. */
export function http1Request(ask: Ask, port: number): Buffer {
  const { path, json } = requestOf(ask);
  return wholeRequest(ask.token, port, path, json);
}

/** The report that the keys of some draws served: a call for one of them, or for a batch. */
export function reportRequest({ token }: Ask, drawIds: readonly string[], port: number): Buffer {
  const [first = '', ...others] = drawIds.map((id) => `{"drawId":"${id}","outcome":"OUTCOME_OK"}`);
  if (others.length === 0) return wholeRequest(token, port, REPORT_PATH, first);
  return wholeRequest(token, port, BATCH_REPORT_PATH, `{"reports":[${[first, ...others].join()}]}`);
}

/** A gRPC call: the headers of its POST, and its one length-prefixed message. */
export interface GrpcRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
}

export function grpcRequest(ask: Ask): GrpcRequest {
  const { path, binary } = requestOf(ask);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(binary.length, 1);
  const headers = {
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    authorization: `Bearer ${ask.token}`,
  };
  return { headers, bytes: Buffer.concat([prefix, binary]) };
}

/** Gives the items one after another, again and again. */
export function inTurn<T>(items: readonly T[]): () => T {
  let turn = 0;
  return () => {
    const item = items[turn % items.length];
    turn += 1;
    if (item === undefined) throw new Error('there is nothing to ask for');
    return item;
  };
}
