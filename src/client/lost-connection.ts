import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';

/**
 * Tells a connection that broke under a call as Unavailable, as gRPC does. HTTP/2 resets the call's stream, which
 * would be told as Canceled or Aborted: as if the caller, or Keypool, had wished it so.
 */
export const lostConnectionIsUnavailable: Interceptor = (next) => async (request) => {
  try {
    return await next(request);
  } catch (error) {
    throw isLostConnection(error) && !request.signal.aborted ? connectionLost(error) : error;
  }
};

/** What Keypool itself answers has details. */
function isLostConnection(error: unknown): error is ConnectError {
  if (!(error instanceof ConnectError) || error.details.length > 0) return false;
  return error.code === Code.Canceled || error.code === Code.Aborted;
}

function connectionLost(cause: ConnectError): ConnectError {
  const message = 'the connection broke before the answer came';
  return new ConnectError(message, Code.Unavailable, undefined, undefined, cause);
}
