import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';

/** From the making of a client to its `close`. */
export interface Lifetime {
  /** Outermost, so that a call is refused or ended before anything else is done for it. */
  readonly interceptor: Interceptor;
  readonly end: () => void;
}

/** @param whenEnded runs once, after the calls under way were ended. */
export function createLifetime(whenEnded: () => void = () => {}): Lifetime {
  const callsUnderWay = new Set<AbortController>();
  let ended = false;
  // One controller per call: AbortSignal.any over a signal that lives as long as the client leaks on Node 20.
  const interceptor: Interceptor = (next) => async (request) => {
    if (ended) throw clientClosed();
    const call = new AbortController();
    // A stream that was left is not read any more, so nothing else would tell of its end.
    const abort = () => {
      callsUnderWay.delete(call);
      call.abort(request.signal.reason);
    };
    callsUnderWay.add(call);
    if (request.signal.aborted) abort();
    request.signal.addEventListener('abort', abort, { once: true });
    const over = () => {
      callsUnderWay.delete(call);
      request.signal.removeEventListener('abort', abort);
    };
    try {
      const response = await next({ ...request, signal: call.signal });
      if (response.stream) return { ...response, message: untilRead(response.message, over) };
      over();
      return response;
    } catch (error) {
      over();
      throw error;
    }
  };
  const end = () => {
    if (ended) return;
    ended = true;
    for (const call of callsUnderWay) call.abort(clientClosed());
    whenEnded();
  };
  return { interceptor, end };
}

/** A stream is under way until it was read to its end, or is not read any further. */
async function* untilRead<T>(messages: AsyncIterable<T>, over: () => void): AsyncIterable<T> {
  try {
    yield* messages;
  } finally {
    over();
  }
}

function clientClosed(): ConnectError {
  return new ConnectError('the client is closed', Code.Canceled);
}
