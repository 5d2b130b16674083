import type { Received } from './arrival.ts';
import type { HttpRequest } from './message.ts';

/**
 * The bytes of a request as they come, those `received` before first, each also given to `keep`. Ends with the signal's reason when that fires. Leaving
 * early does not destroy the request: its connection still has to carry the answer.
 */
export async function* requestBody(
  request: HttpRequest,
  received: Received,
  signal: AbortSignal,
  keep: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for (const chunk of received.chunks) {
    keep(chunk);
    yield chunk;
  }
  if (received.ended) return;
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => {});
  const onAbort = (): void => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  const chunks = request.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([chunks.next(), aborted.promise]);
      if (next.done === true) return;
      keep(next.value);
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Until then the request waits for somebody who reads on. Not awaited: it may itself wait for the next chunk.
    void chunks.return?.();
  }
}
