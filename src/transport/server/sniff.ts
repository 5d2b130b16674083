import type { Socket } from 'node:net';

/** Begins the HTTP/2 connection preface (RFC 9113, 3.4), and no request of HTTP/1. */
const PREFACE = Buffer.from('PRI ');

/** What the first bytes tell; null as long as they may be either. */
export function versionOf(first: Uint8Array): 1 | 2 | null {
  const common = Math.min(first.length, PREFACE.length);
  if (!PREFACE.subarray(0, common).equals(first.subarray(0, common))) return 1;
  return common === PREFACE.length ? 2 : null;
}

/**
 * Waits for a connection's first bytes, puts them back, and tells which HTTP it speaks. A connection that does not show
 * it within `timeoutMs` is closed.
 */
export function sniff(socket: Socket, timeoutMs: number, decided: (version: 1 | 2) => void): void {
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  let first: Buffer = Buffer.alloc(0);
  const stop = (): void => {
    clearTimeout(timer);
    socket.off('readable', onReadable);
    socket.off('close', stop);
    socket.off('end', onEnd);
  };
  const onEnd = (): void => {
    stop();
    socket.destroy();
  };
  const onReadable = (): void => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    first = Buffer.concat([first, chunk]);
    const version = versionOf(first);
    if (version === null) return;
    stop();
    socket.unshift(first);
    decided(version);
  };
  socket.on('readable', onReadable);
  socket.on('close', stop);
  socket.on('end', onEnd);
}
