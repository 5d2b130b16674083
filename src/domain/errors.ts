/** The stable reasons a caller can be refused for; each has one status code, see {@link CODE_OF_REASON}. */
export type Reason = keyof typeof CODE_OF_REASON;

/** Canonical status names of google.rpc.Code, in lower case as Connect writes them. */
export type StatusCode =
  | 'unauthenticated'
  | 'permission_denied'
  | 'not_found'
  | 'already_exists'
  | 'aborted'
  | 'failed_precondition'
  | 'resource_exhausted'
  | 'invalid_argument'
  | 'unavailable'
  | 'unimplemented'
  | 'deadline_exceeded'
  | 'canceled'
  | 'internal';

export const CODE_OF_REASON = {
  TOKEN_MISSING: 'unauthenticated',
  TOKEN_INVALID: 'unauthenticated',
  TOKEN_EXPIRED: 'unauthenticated',
  CONSUMER_DISABLED: 'unauthenticated',
  TOKEN_REVOKED: 'unauthenticated',
  IP_NOT_ALLOWED: 'permission_denied',
  ADMIN_REQUIRED: 'permission_denied',
  SCOPE_REQUIRED: 'permission_denied',
  FEATURE_NOT_GRANTED: 'permission_denied',
  FEATURE_NOT_FOUND: 'not_found',
  TIER_NOT_FOUND: 'not_found',
  KEY_NOT_FOUND: 'not_found',
  CONSUMER_NOT_FOUND: 'not_found',
  GRANT_NOT_FOUND: 'not_found',
  QUOTA_GROUP_NOT_FOUND: 'not_found',
  DRAW_NOT_FOUND: 'not_found',
  OWNER_CREDITS_NOT_FOUND: 'not_found',
  WEBHOOK_NOT_FOUND: 'not_found',
  SERVICE_NOT_FOUND: 'not_found',
  SUBJECT_NOT_DENIED: 'not_found',
  TIER_EXISTS: 'already_exists',
  KEY_EXISTS: 'already_exists',
  QUOTA_GROUP_EXISTS: 'already_exists',
  OUTCOME_REPORTED: 'already_exists',
  ETAG_MISMATCH: 'aborted',
  TIER_NOT_EMPTY: 'failed_precondition',
  QUOTA_GROUP_NOT_EMPTY: 'failed_precondition',
  KEY_NOT_QUARANTINED: 'failed_precondition',
  CONSUMER_REVOKED: 'failed_precondition',
  WEBHOOKS_FULL: 'failed_precondition',
  ENCRYPTION_OFF: 'failed_precondition',
  EXCHANGE_NOT_POSSIBLE: 'failed_precondition',
  POOL_EMPTY: 'failed_precondition',
  POOL_EXHAUSTED: 'resource_exhausted',
  CREDITS_EXHAUSTED: 'resource_exhausted',
  REQUEST_TOO_LARGE: 'resource_exhausted',
  OVERLOADED: 'resource_exhausted',
  INVALID_FIELD: 'invalid_argument',
  INVALID_REQUEST: 'invalid_argument',
  UNITS_TOO_LARGE: 'invalid_argument',
  REQUEST_ID_REUSED: 'invalid_argument',
  METHOD_NOT_FOUND: 'unimplemented',
  SEAL_BROKEN: 'internal',
  INTERNAL: 'internal',
  STORE_UNAVAILABLE: 'unavailable',
  HEAVY_CALLS_BUSY: 'unavailable',
  INTROSPECTION_UNAVAILABLE: 'unavailable',
  SHUTTING_DOWN: 'unavailable',
  DEADLINE_EXCEEDED: 'deadline_exceeded',
  CANCELED: 'canceled',
} as const satisfies Record<string, StatusCode>;

/** One refused field: its path in the request as JSON names it, and what to do. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

/** One quota that was spent: whose it is, and how large. */
export interface QuotaViolation {
  readonly subject: string;
  readonly description: string;
}

export interface ErrorExtras {
  /** Short facts for the caller, such as `{feature: "scrape"}`; never a secret. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Milliseconds after which another try can succeed. */
  readonly retryAfterMs?: number;
  readonly violations?: readonly FieldViolation[];
  readonly quota?: readonly QuotaViolation[];
  /** What really happened, for the log only. */
  readonly cause?: unknown;
}

/** What a caller gets when it cannot be served: a stable reason and a sentence that says what to do. */
export class KeypoolError extends Error {
  readonly reason: Reason;
  readonly metadata: Readonly<Record<string, string>>;
  readonly retryAfterMs: number | null;
  readonly violations: readonly FieldViolation[];
  readonly quota: readonly QuotaViolation[];

  constructor(reason: Reason, message: string, extras: ErrorExtras = {}) {
    super(message, { cause: extras.cause });
    this.name = 'KeypoolError';
    this.reason = reason;
    this.metadata = extras.metadata ?? {};
    this.retryAfterMs = extras.retryAfterMs ?? null;
    this.violations = extras.violations ?? [];
    this.quota = extras.quota ?? [];
  }

  get code(): StatusCode {
    return CODE_OF_REASON[this.reason];
  }
}

/** One bad field; several are given to the constructor together. */
export function invalidField(field: string, description: string): KeypoolError {
  return new KeypoolError('INVALID_FIELD', `${field}: ${description}`, {
    violations: [{ field, description }],
  });
}

/** How long a caller waits before it tries a store again that was out of reach. */
const STORE_RETRY_MS = 1000;

export function storeUnavailable(cause: unknown): KeypoolError {
  return new KeypoolError(
    'STORE_UNAVAILABLE',
    'The store cannot be reached or did not confirm the write. Nothing was handed out; try again shortly.',
    { retryAfterMs: STORE_RETRY_MS, cause },
  );
}
