import { create, toBinary } from '@bufbuild/protobuf';
import { DrawKeyRequestSchema } from '../../gen/keypool/v1/key_pool_service_pb.ts';
import type { Ask } from './plan.ts';

/** Where draws are asked for, over every protocol. */
export const DRAW_PATH = '/keypool.v1.KeyPoolService/DrawKey';

/** A draw as a whole HTTP/1.1 request, so that asking costs one write. */
export function http1Request({ token, feature }: Ask, port: number): Buffer {
  const body = JSON.stringify({ feature });
  const head = [
    `POST ${DRAW_PATH} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    'content-type: application/json',
    `authorization: Bearer ${token}`,
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** A draw as gRPC's headers and its one length-prefixed message. */
export function grpcRequest({ token, feature }: Ask) {
  const message = toBinary(DrawKeyRequestSchema, create(DrawKeyRequestSchema, { feature }));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  const headers = {
    ':method': 'POST',
    ':path': DRAW_PATH,
    'content-type': 'application/grpc',
    te: 'trailers',
    authorization: `Bearer ${token}`,
  };
  return { headers, bytes: Buffer.concat([prefix, message]) };
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
