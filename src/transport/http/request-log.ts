import type { Identity } from '../../domain/context.ts';
import { CODE_OF_REASON } from '../../domain/errors.ts';
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
