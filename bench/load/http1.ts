import { connect } from 'node:net';
import type { Caller } from './plan.ts';

const HEADER_END = Buffer.from('\r\n\r\n');
const LENGTH = /content-length: *(\d+)/i;
const CODE = /"code": *"(\w+)"/;
const REASON = /"reason": *"(\w+)"/;
/** How often a caller whose connection is gone says so. */
export const GONE_MS = 100;

/** Length of the first whole response in `bytes`, or 0 when it is not complete yet. */
function responseLength(bytes: Buffer): number {
  const headEnd = bytes.indexOf(HEADER_END);
  if (headEnd < 0) return 0;
  const length = LENGTH.exec(bytes.toString('latin1', 0, headEnd));
  const total = headEnd + HEADER_END.length + Number(length?.[1] ?? 0);
  return bytes.length >= total ? total : 0;
}

/** A kept-alive HTTP/1.1 connection with as little client work as possible; one request at a time. */
export interface Http1Connection {
  /** `body`: of the answer; empty when none came. */
  readonly send: (request: Buffer, done: (ok: boolean, body: Buffer) => void) => void;
  readonly close: () => void;
}

const NOTHING = Buffer.alloc(0);

export function http1Connection(port: number): Http1Connection {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let buffered: Buffer = NOTHING;
  let waiting: ((ok: boolean, body: Buffer) => void) | null = null;
  const tell = (ok: boolean, body: Buffer): void => {
    const done = waiting;
    waiting = null;
    done?.(ok, body);
  };
  socket.on('data', (chunk: Buffer) => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
    const length = responseLength(buffered);
    if (length === 0) return;
    const ok = buffered.toString('latin1', 9, 12) === '200';
    const body = buffered.subarray(buffered.indexOf(HEADER_END) + HEADER_END.length, length);
    buffered = buffered.subarray(length);
    tell(ok, body);
  });
  socket.on('error', () => undefined);
  socket.on('close', () => tell(false, NOTHING));
  return {
    send: (request, done) => {
      if (socket.destroyed) {
        setTimeout(() => done(false, NOTHING), GONE_MS);
        return;
      }
      waiting = done;
      socket.write(request);
    },
    close: () => socket.destroy(),
  };
}

/** What an answer came to, as a caller tells it. */
export function failureOf(ok: boolean, body: Buffer): string | null {
  if (ok) return null;
  if (body.length === 0) return 'no answer';
  const text = body.toString('latin1');
  const names = [CODE, REASON].flatMap((name) => name.exec(text)?.[1] ?? []);
  return names.length > 0 ? names.join(' ') : 'an answer that is no error of the service';
}

/** A caller that asks one thing at a time. */
export function http1Caller(port: number, nextRequest: () => Buffer): Caller {
  const { send, close } = http1Connection(port);
  const call: Caller['call'] = (done) => send(nextRequest(), (ok, body) => done(failureOf(ok, body)));
  return { call, close };
}
