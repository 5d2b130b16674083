import type { Identity } from '../../domain/context.ts';
import { CODE_OF_REASON, type Reason } from '../../domain/errors.ts';
import type { Log } from '../log.ts';
import type { RequestInfo } from '../request-info.ts';
import type { HttpRequest, HttpResponse } from './message.ts';

export interface LoggedRequest {
  readonly info: RequestInfo;
  /** The RPC as `package.Service/Method`, or the HTTP method and path. */
  readonly method: string;
  readonly protocol: string;
  readonly durationMs: number;
}

function identityText(identity: Identity | null): string | null {
  if (identity === null) return null;
  return identity.kind === 'root' ? 'root' : identity.consumer.id;
}

/** One line for what could not be read as a request. */
export function logUnread(
  log: Log,
  unread: {
    readonly reason: Reason;
    readonly status: number;
    readonly requestId: string;
    readonly peerAddress: string;
  },
): void {
  const fields = {
    method: '(unreadable)',
    code: CODE_OF_REASON[unread.reason],
    reason: unread.reason,
    http_status: unread.status,
    request_id: unread.requestId,
    identity: null,
    peer_address: unread.peerAddress,
    protocol: 'plain HTTP/1.1',
  };
  log.info(fields, 'request');
}

/** One line for a request that is over. */
export function logRequest(
  log: Log,
  request: HttpRequest,
  response: HttpResponse,
  { info, method, protocol, durationMs }: LoggedRequest,
): void {
  const gaveUp = info.reason === null && !response.writableFinished;
  const reason = gaveUp ? 'CANCELED' : info.reason;
  const fields = {
    method,
    code: reason === null ? 'ok' : CODE_OF_REASON[reason],
    ...(reason === null ? {} : { reason }),
    http_status: response.headersSent ? response.statusCode : null,
    duration_ms: Math.round(durationMs * 1000) / 1000,
    request_id: info.requestId,
    identity: identityText(info.identity),
    peer_address: info.peerAddress,
    protocol: `${protocol} HTTP/${request.httpVersion}`,
  };
  log.info(fields, 'request');
}
