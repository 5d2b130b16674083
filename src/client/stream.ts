import { Code, ConnectError } from '@connectrpc/connect';

/**
 * A stream that ends when it is read no further, as by `break` in `for await`: the library's own goes on until its
 * deadline, which keeps the process alive as long.
 * @param open begins the call, to be ended by the signal.
 * @param outer the caller's own signal.
 */
export function endedByReader<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  outer?: AbortSignal,
): AsyncIterable<T> {
  const call = new AbortController();
  const abort = (): void => call.abort(outer?.reason);
  if (outer?.aborted === true) abort();
  outer?.addEventListener('abort', abort, { once: true });
  const over = (): void => outer?.removeEventListener('abort', abort);
  const messages = open(call.signal)[Symbol.asyncIterator]();

  async function next(): Promise<IteratorResult<T>> {
    try {
      const read = await messages.next();
      if (read.done === true) over();
      return read;
    } catch (error) {
      over();
      throw error;
    }
  }

  async function leave(): Promise<IteratorResult<T>> {
    over();
    call.abort(new ConnectError('the stream is not read any further', Code.Canceled));
    // The library notices by reading on, and lets go of the deadline then.
    await messages.next().catch(() => undefined);
    return { done: true, value: undefined };
  }

  return { [Symbol.asyncIterator]: () => ({ next, return: leave }) };
}
