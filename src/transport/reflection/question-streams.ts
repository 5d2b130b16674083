import { overloaded } from '../refusals.ts';

/** Streams open at a time: anybody may open one, and hold it for as long as a call may take. */
const STREAMS_MAX = 32;

/**
 * Passes the questions of reflection streams on, each stream until its caller or the process is done. Error: OVERLOADED
 * for a stream too many.
 */
export function createQuestionStreams(
  shutdown: AbortSignal,
): <T>(questions: AsyncIterable<T>) => AsyncGenerator<T> {
  let open = 0;

  return async function* pass<T>(questions: AsyncIterable<T>): AsyncGenerator<T> {
    if (open >= STREAMS_MAX) throw overloaded();
    open += 1;
    const ended = Promise.withResolvers<null>();
    const end = (): void => ended.resolve(null);
    if (shutdown.aborted) end();
    shutdown.addEventListener('abort', end, { once: true });
    try {
      const iterator = questions[Symbol.asyncIterator]();
      for (;;) {
        const next = await Promise.race([iterator.next(), ended.promise]);
        if (next === null || next.done === true) return;
        yield next.value;
      }
    } finally {
      shutdown.removeEventListener('abort', end);
      open -= 1;
    }
  };
}
