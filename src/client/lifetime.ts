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
    const abort = () => call.abort(request.signal.reason);
    if (request.signal.aborted) abort();
    request.signal.addEventListener('abort', abort, { once: true });
    callsUnderWay.add(call);
    try {
      return await next({ ...request, signal: call.signal });
    } finally {
      callsUnderWay.delete(call);
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

function clientClosed(): ConnectError {
  return new ConnectError('the client is closed', Code.Canceled);
}
