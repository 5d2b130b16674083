import type { Readable } from 'node:stream';
import { NOTHING_RECEIVED, type Received } from '../http/arrival.ts';
import type { BodyListener } from './exchange.ts';

/** A body that is being read. */
export interface BodyReader {
  readonly stop: () => Received;
}

export const NOT_READING: BodyReader = { stop: () => NOTHING_RECEIVED };

/** Reads a body into memory, `bytesMax` at most. */
export function readBody(source: Readable, bytesMax: number, listener: BodyListener): BodyReader {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let ended = false;
  const onData = (chunk: Uint8Array): void => {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes > bytesMax) listener.onTooLong();
  };
  const onEnd = (): void => {
    ended = true;
    const [only] = chunks;
    listener.onEnd(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks));
  };
  source.on('data', onData);
  source.on('end', onEnd);
  return {
    stop: () => {
      source.off('data', onData);
      source.off('end', onEnd);
      if (!ended) source.pause();
      return { chunks, ended };
    },
  };
}
