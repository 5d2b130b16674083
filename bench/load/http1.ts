import { connect } from 'node:net';
import type { Caller } from './plan.ts';

const HEADER_END = Buffer.from('\r\n\r\n');
const LENGTH = /content-length: *(\d+)/i;
/** How often a caller whose connection is gone says so. */
const GONE_MS = 100;

/** Length of the first whole response in `bytes`, or 0 when it is not complete yet. */
function responseLength(bytes: Buffer): number {
  const headEnd = bytes.indexOf(HEADER_END);
  if (headEnd < 0) return 0;
  const length = LENGTH.exec(bytes.toString('latin1', 0, headEnd));
  const total = headEnd + HEADER_END.length + Number(length?.[1] ?? 0);
  return bytes.length >= total ? total : 0;
}

/** A kept-alive HTTP/1.1 connection that asks one thing at a time, with as little client work as possible. */
export function http1Caller(port: number, nextRequest: () => Buffer): Caller {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let buffered: Buffer = Buffer.alloc(0);
  let waiting: ((ok: boolean) => void) | null = null;
  const tell = (ok: boolean): void => {
    const done = waiting;
    waiting = null;
    done?.(ok);
  };
  socket.on('data', (chunk: Buffer) => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
    const length = responseLength(buffered);
    if (length === 0) return;
    const ok = buffered.toString('latin1', 9, 12) === '200';
    buffered = buffered.subarray(length);
    tell(ok);
  });
  socket.on('error', () => undefined);
  socket.on('close', () => tell(false));
  return {
    call: (done) => {
      if (socket.destroyed) {
        setTimeout(() => done(false), GONE_MS);
        return;
      }
      waiting = done;
      socket.write(nextRequest());
    },
    close: () => socket.destroy(),
  };
}
