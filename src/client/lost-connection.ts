import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';

/**
 * Tells a connection that broke under a call as Unavailable, as gRPC does. HTTP/2 resets the call's stream, which
 * would be told as Canceled or Aborted: as if the caller, or Keypool, had wished it so.
 */
export const lostConnectionIsUnavailable: Interceptor = (next) => async (request) => {
  const told = (error: unknown): unknown =>
    isLostConnection(error) && !request.signal.aborted ? connectionLost(error) : error;
  try {
    const response = await next(request);
    return response.stream ? { ...response, message: telling(response.message, told) } : response;
  } catch (error) {
    throw told(error);
  }
};

/** The same for a connection that breaks under a stream. */
async function* telling<T>(messages: AsyncIterable<T>, told: (error: unknown) => unknown): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (error) {
    throw told(error);
  }
}

/** What Keypool itself answers has details. */
function isLostConnection(error: unknown): error is ConnectError {
  if (!(error instanceof ConnectError) || error.details.length > 0) return false;
  return error.code === Code.Canceled || error.code === Code.Aborted;
}

function connectionLost(cause: ConnectError): ConnectError {
  const message = 'the connection broke before the answer came';
  return new ConnectError(message, Code.Unavailable, undefined, undefined, cause);
}
