import type { Interceptor } from '@connectrpc/connect';
import type { KeypoolToken } from './credential.ts';

/** What both clients need to know. */
export interface KeypoolClientOptions {
  /** Where Keypool listens, such as `https://keypool.example`; a path is kept as a prefix. */
  readonly baseUrl: string;
  /** Sent with every call; a function can read a token that is regenerated from time to time. */
  readonly token: KeypoolToken;
  /**
   * How long a call may take, in milliseconds: 30,000 unless named. The server is told and gives up too; the call
   * rejects with the code DeadlineExceeded. One call can have its own: `drawKey(request, { timeoutMs })`, 0 for none. Does
   * not end `watchAvailability`.
   */
  readonly timeoutMs?: number;
  /** See every call and its answer, for tracing or retries; the first is the outermost. They never see the token. */
  readonly interceptors?: readonly Interceptor[];
}

export const DEFAULT_TIMEOUT_MS = 30_000;
