import { connect } from 'node:net';
import type { Caller, LoadPlan } from './plan.ts';

const HEADER_END = Buffer.from('\r\n\r\n');
const LENGTH = /content-length: *(\d+)/i;

function requestBytes(plan: LoadPlan): Buffer {
  const head = [
    `POST ${plan.path} HTTP/1.1`,
    `host: 127.0.0.1:${plan.port}`,
    'content-type: application/json',
    `authorization: Bearer ${plan.token}`,
    `content-length: ${Buffer.byteLength(plan.body)}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${plan.body}`);
}

/** Length of the first whole response in `bytes`, or 0 when it is not complete yet. */
function responseLength(bytes: Buffer): number {
  const headEnd = bytes.indexOf(HEADER_END);
  if (headEnd < 0) return 0;
  const length = LENGTH.exec(bytes.toString('latin1', 0, headEnd));
  const total = headEnd + HEADER_END.length + Number(length?.[1] ?? 0);
  return bytes.length >= total ? total : 0;
}

/** A kept-alive HTTP/1.1 connection that asks one thing at a time, with as little client work as possible. */
export function http1Caller(plan: LoadPlan): Caller {
  const socket = connect({ port: plan.port, host: '127.0.0.1', noDelay: true });
  const request = requestBytes(plan);
  let buffered: Buffer = Buffer.alloc(0);
  let done: ((ok: boolean) => void) | null = null;
  socket.on('data', (chunk: Buffer) => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
    const length = responseLength(buffered);
    if (length === 0) return;
    const ok = buffered.toString('latin1', 9, 12) === '200';
    buffered = buffered.subarray(length);
    done?.(ok);
  });
  socket.on('error', () => done?.(false));
  return {
    call: (whenDone) => {
      done = whenDone;
      socket.write(request);
    },
    close: () => socket.destroy(),
  };
}
