import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection that says exactly what it is told to. */
export interface RawConnection extends AsyncDisposable {
  readonly socket: Socket;
  readonly send: (bytes: string | Uint8Array) => void;
  /** All that came back so far, byte for byte. */
  readonly received: () => string;
  /** Resolves with all that came back when the other side has closed. */
  readonly closed: Promise<string>;
}

export async function connectTo(port: number): Promise<RawConnection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => {
    received += text;
  });
  socket.on('error', () => {});
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(received)));
  await once(socket, 'connect');
  return {
    socket,
    send: (bytes) => void socket.write(bytes),
    received: () => received,
    closed,
    [Symbol.asyncDispose]: async () => void socket.destroy(),
  };
}

/** Resolves with how long something took, in ms. */
export async function timed(work: Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work;
  return performance.now() - startedMs;
}

export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
export const SETTINGS = 4;
export const HEADERS = 1;
export const CONTINUATION = 9;

/** One HTTP/2 frame (RFC 9113, 4.1). */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}
