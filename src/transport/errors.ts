import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { codeFromString } from '@connectrpc/connect/protocol-connect';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  QuotaFailureSchema,
  RetryInfoSchema,
} from '../../gen/google/rpc/error_details_pb.ts';
import { KeypoolError } from '../domain/errors.ts';
import { fromStore } from '../domain/store-errors.ts';
import { durationFromMs } from './convert/time.ts';

/** The domain of every google.rpc.ErrorInfo this service sends. */
export const ERROR_DOMAIN = 'keypool';

function deadlineExceeded(cause?: unknown): KeypoolError {
  return new KeypoolError(
    'DEADLINE_EXCEEDED',
    'The deadline passed before the answer was ready; whether the call took effect is not known. Allow more time, and send a request_id where the call has one to try again safely.',
    { cause },
  );
}

function canceled(cause?: unknown): KeypoolError {
  return new KeypoolError('CANCELED', 'The caller gave up before the answer was ready.', { cause });
}

function internal(cause: unknown): KeypoolError {
  return new KeypoolError(
    'INTERNAL',
    'The service failed to answer. Try again; if it stays so, look into its log under this request id.',
    { cause },
  );
}

/** Whatever was thrown, as what the caller may know of it; the rest stays inside as `cause`. */
export function toKeypoolError(thrown: unknown): KeypoolError {
  const error = fromStore(thrown);
  if (error instanceof KeypoolError) return error;
  if (error instanceof ConnectError && error.code === Code.DeadlineExceeded) return deadlineExceeded(error);
  if (error instanceof ConnectError && error.code === Code.Canceled) return canceled(error);
  if (error instanceof Error && error.name === 'TimeoutError') return deadlineExceeded(error);
  if (error instanceof Error && error.name === 'AbortError') return canceled(error);
  return internal(error);
}

function badRequest(error: KeypoolError): MessageInitShape<typeof BadRequestSchema> {
  return { fieldViolations: error.violations.map(({ field, description }) => ({ field, description })) };
}

/**
 * The error as every protocol carries it: google.rpc.ErrorInfo always, RetryInfo and `Retry-After` (whole seconds,
 * rounded up, RFC 9110) where waiting helps, QuotaFailure where credits are spent, BadRequest where fields were refused, `WWW-Authenticate` (RFC 6750) where
 * the token was.
 */
export function toConnectError(error: KeypoolError, requestId: string): ConnectError {
  const metadata = { ...error.metadata, request_id: requestId };
  const connect = new ConnectError(error.message, codeFromString(error.code) ?? Code.Internal);
  connect.details.push({
    desc: ErrorInfoSchema,
    value: create(ErrorInfoSchema, { reason: error.reason, domain: ERROR_DOMAIN, metadata }),
  });
  if (error.retryAfterMs !== null) {
    const retryDelay = durationFromMs(error.retryAfterMs);
    connect.details.push({ desc: RetryInfoSchema, value: create(RetryInfoSchema, { retryDelay }) });
    connect.metadata.set('Retry-After', String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))));
  }
  if (error.quota.length > 0) {
    const violations = error.quota.map(({ subject, description }) => ({ subject, description }));
    connect.details.push({ desc: QuotaFailureSchema, value: create(QuotaFailureSchema, { violations }) });
  }
  if (error.violations.length > 0)
    connect.details.push({ desc: BadRequestSchema, value: create(BadRequestSchema, badRequest(error)) });
  if (connect.code === Code.Unauthenticated)
    connect.metadata.set('WWW-Authenticate', 'Bearer realm="keypool"');
  return connect;
}
