import { Code, ConnectError } from '@connectrpc/connect';

/**
 * A stream that begins when it is first read and ends when it is read no further, as by `break` in `for await`: the
 * library's own goes on until its deadline, which keeps the process alive as long. It is read once.
 * @param open begins the call, to be ended by the signal.
 * @param outer the caller's own signal.
 */
export function endedByReader<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  outer?: AbortSignal,
): AsyncIterable<T> {
  const call = new AbortController();
  const abort = (): void => call.abort(outer?.reason);
  const over = (): void => outer?.removeEventListener('abort', abort);
  let messages: AsyncIterator<T> | null = null;

  function begin(): AsyncIterator<T> {
    if (outer?.aborted === true) abort();
    outer?.addEventListener('abort', abort, { once: true });
    return open(call.signal)[Symbol.asyncIterator]();
  }

  async function next(): Promise<IteratorResult<T>> {
    try {
      messages ??= begin();
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
    // The library lets go of the deadline when it notices, which is when it is read on; nobody waits for that.
    messages?.next().catch(() => undefined);
    return { done: true, value: undefined };
  }

  return { [Symbol.asyncIterator]: () => ({ next, return: leave }) };
}
