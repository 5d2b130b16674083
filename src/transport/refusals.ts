import { KeypoolError } from '../domain/errors.ts';

export function tooLarge(maxRequestBytes: number, cause?: unknown): KeypoolError {
  return new KeypoolError(
    'REQUEST_TOO_LARGE',
    `The request is larger than ${maxRequestBytes} bytes. Send less at once, or raise MAX_REQUEST_BYTES.`,
    { cause, metadata: { bytes_max: String(maxRequestBytes) } },
  );
}

export function invalidRequest(message: string, cause?: unknown): KeypoolError {
  return new KeypoolError('INVALID_REQUEST', message, { cause });
}

/** For the bare HTTP statuses with which the library refuses a request by its head. */
export function refusedByHead(status: number): KeypoolError {
  if (status === 405) return invalidRequest('Send this call as a POST.');
  if (status === 415)
    return invalidRequest(
      'Set Content-Type to one that this call speaks: application/json or application/proto for Connect, application/grpc or application/grpc-web with +proto or +json.',
    );
  if (status === 505) return invalidRequest('This call streams both ways: make it over HTTP/2.');
  return invalidRequest('The request cannot be served in this form.');
}

export function unknownExpectation(): KeypoolError {
  return invalidRequest('The only Expect header that can be met is 100-continue. Send that, or none.');
}

export function hostMissing(): KeypoolError {
  return invalidRequest('Send a Host header, as HTTP/1.1 demands.');
}

/** Does not repeat the path: whoever mistook it may have put a token there. */
export function methodNotFound(): KeypoolError {
  return new KeypoolError(
    'METHOD_NOT_FOUND',
    'There is nothing at this path. Calls are POST /<package>.<Service>/<Method>, such as /keypool.v1.KeyPoolService/DrawKey.',
  );
}

/** How long a refused caller waits before it tries again, in ms. */
const RETRY_MS = 1000;

export function overloaded(): KeypoolError {
  return new KeypoolError(
    'OVERLOADED',
    'The service serves as many calls as it may at a time. Try again shortly, or raise MAX_CONCURRENT_REQUESTS.',
    { retryAfterMs: RETRY_MS },
  );
}
