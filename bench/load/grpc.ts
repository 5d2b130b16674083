import { connect } from 'node:net';
import type { GrpcRequest } from './asks.ts';
import { headerBlock, isGrpcOk } from './header-block.ts';
import { GONE_MS } from './http1.ts';
import { createFrameReader, FLAG, FRAME, type Frame, frame, opening, windowUpdate } from './http2-frames.ts';
import type { Caller } from './plan.ts';

const CALLERS_PER_CONNECTION = 64;
/** What may come in on a connection before more is allowed, in bytes. */
const WINDOW = 65_535;
const STREAM_AT = 5;
/** Trailers are compressed, and only their end is looked at. */
const NOT_OK = 'a gRPC status other than OK, or none';

/** An HTTP/2 connection with as little client work as possible, on which many call at a time. */
export interface GrpcConnection {
  readonly send: (call: GrpcCall, done: (ok: boolean) => void) => void;
  readonly close: () => void;
}

/** A call's two frames, but for the number of its stream. */
export interface GrpcCall {
  readonly bytes: Buffer;
  /** Where the second one begins. */
  readonly dataAt: number;
}

/** Made once, and sent again and again. */
export function grpcCall({ headers, bytes }: GrpcRequest, port: number): GrpcCall {
  const block = headerBlock({ ':authority': `127.0.0.1:${port}`, ...headers });
  const head = frame(FRAME.headers, FLAG.endHeaders, 0, block);
  const data = frame(FRAME.data, FLAG.endStream, 0, bytes);
  return { bytes: Buffer.concat([head, data]), dataAt: head.length };
}

export function grpcConnection(port: number): GrpcConnection {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const read = createFrameReader();
  const waiting = new Map<number, (ok: boolean) => void>();
  let nextStream = 1;
  let received = 0;
  // What is written in one turn goes out as one.
  let unsent: Buffer[] = [];
  const flush = (): void => {
    const bytes = Buffer.concat(unsent);
    unsent = [];
    socket.write(bytes);
  };
  const write = (bytes: Buffer): void => {
    if (unsent.push(bytes) === 1) setImmediate(flush);
  };
  const end = (stream: number, ok: boolean): void => {
    const done = waiting.get(stream);
    waiting.delete(stream);
    done?.(ok);
  };
  const take = ({ type, flags, stream, payload }: Frame): void => {
    switch (type) {
      case FRAME.headers:
        if ((flags & FLAG.endStream) !== 0) end(stream, isGrpcOk(payload));
        break;
      case FRAME.data:
        received += payload.length;
        // gRPC ends with trailers.
        if ((flags & FLAG.endStream) !== 0) end(stream, false);
        break;
      case FRAME.reset:
        end(stream, false);
        break;
      case FRAME.settings:
      case FRAME.ping:
        if ((flags & FLAG.ack) === 0)
          write(frame(type, FLAG.ack, 0, type === FRAME.ping ? payload : Buffer.alloc(0)));
    }
  };
  write(opening());
  socket.on('data', (chunk: Buffer) => {
    for (const each of read(chunk)) take(each);
    if (received < WINDOW / 2) return;
    write(windowUpdate(received));
    received = 0;
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    for (const stream of [...waiting.keys()]) end(stream, false);
  });
  return {
    send: ({ bytes, dataAt }, done) => {
      if (socket.destroyed) {
        setTimeout(() => done(false), GONE_MS);
        return;
      }
      const call = Buffer.from(bytes);
      call.writeUInt32BE(nextStream, STREAM_AT);
      call.writeUInt32BE(nextStream, dataAt + STREAM_AT);
      waiting.set(nextStream, done);
      nextStream += 2;
      write(call);
    },
    close: () => socket.destroy(),
  };
}

/** Callers over as many connections as are needed for 64 of them on each. */
export function grpcCallers(count: number, port: number, nextCall: () => GrpcCall): Caller[] {
  const callers: Caller[] = [];
  for (let left = count; left > 0; left -= CALLERS_PER_CONNECTION) {
    const { send, close } = grpcConnection(port);
    for (let i = 0; i < Math.min(left, CALLERS_PER_CONNECTION); i += 1)
      callers.push({ call: (done) => send(nextCall(), (ok) => done(ok ? null : NOT_OK)), close });
  }
  return callers;
}
