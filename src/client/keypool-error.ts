import { durationMs } from '@bufbuild/protobuf/wkt';
import { ConnectError } from '@connectrpc/connect';
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from '../../gen/google/rpc/error_details_pb.ts';

/** Why Keypool refused a call. */
export interface KeypoolErrorDetails {
  /** The stable reason, such as `POOL_EXHAUSTED`: what to branch on. */
  readonly reason: string;
  /** Short facts, such as `feature`, and `request_id`, which names the call in the server's log. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Milliseconds after which another try can succeed; null where waiting does not help. */
  readonly retryAfterMs: number | null;
  /** The refused fields, by their path in the request; empty unless the request was at fault. */
  readonly violations: readonly KeypoolFieldViolation[];
  /** A sentence that says what to do. */
  readonly message: string;
}

/** One refused field and what is wrong with it. */
export interface KeypoolFieldViolation {
  readonly field: string;
  readonly description: string;
}

const ERROR_DOMAIN = 'keypool';

/**
 * Reads what Keypool says of an error that a call rejected with: google.rpc.ErrorInfo, RetryInfo and BadRequest.
 * @returns null for every other error: the network's, a time-out, a cancellation, a proxy's own answer.
 */
export function keypoolErrorOf(error: unknown): KeypoolErrorDetails | null {
  if (!(error instanceof ConnectError)) return null;
  const info = error.findDetails(ErrorInfoSchema).find(({ domain }) => domain === ERROR_DOMAIN);
  if (info === undefined) return null;
  const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  const violations = error.findDetails(BadRequestSchema).flatMap((request) => request.fieldViolations);
  return {
    reason: info.reason,
    metadata: { ...info.metadata },
    retryAfterMs: delay === undefined ? null : Math.ceil(durationMs(delay)),
    violations: violations.map(({ field, description }) => ({ field, description })),
    message: error.rawMessage,
  };
}
