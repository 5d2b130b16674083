import type { Identity } from '../../domain/context.ts';
import { CODE_OF_REASON, type Reason } from '../../domain/errors.ts';
import { callerIdOf } from '../../domain/identity.ts';
import type { Log } from '../log.ts';
import type { RequestInfo } from '../request-info.ts';
import { wireProtocolOf } from '../wire-protocol.ts';
import type { Arrival } from './arrival.ts';
import type { HttpParts } from './options.ts';
import { PLAIN_PATHS } from './plain-routes.ts';

export interface LoggedRequest extends Outcome {
  readonly info: RequestInfo;
  /** The RPC as `package.Service/Method`, or the HTTP method and path. */
  readonly method: string;
  readonly protocol: string;
  readonly durationMs: number;
}

/** What became of an answer. */
export interface Outcome {
  readonly httpVersion: string;
  /** The HTTP status that was sent; null for none. */
  readonly httpStatus: number | null;
  /** Whether the answer left whole. */
  readonly finished: boolean;
}

function identityText(identity: Identity | null): string | null {
  if (identity === null) return null;
  return identity.kind === 'root' ? 'root' : callerIdOf(identity);
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

/** A path that is not ours may hold anything, also a token: the log does not show it. */
function loggedPath(path: string): string {
  return PLAIN_PATHS.includes(path) ? path : '(unknown path)';
}

/** One line for a request that is over. */
export function logRequest(log: Log, request: LoggedRequest): void {
  const { info, method, durationMs } = request;
  const gaveUp = info.reason === null && !request.finished;
  const reason = gaveUp ? 'CANCELED' : info.reason;
  const fields = {
    method,
    code: reason === null ? 'ok' : CODE_OF_REASON[reason],
    ...(reason === null ? {} : { reason }),
    http_status: request.httpStatus,
    duration_ms: Math.round(durationMs * 1000) / 1000,
    request_id: info.requestId,
    identity: identityText(info.identity),
    ...(info.identity?.kind === 'subject' ? { identity_extra: info.identity.extra } : {}),
    peer_address: info.peerAddress,
    protocol: `${request.protocol} HTTP/${request.httpVersion}`,
  };
  log.info(fields, 'request');
}

export type Over = (
  request: { readonly method: string; readonly path: string; readonly contentType: string | null },
  arrival: Arrival,
  outcome: Outcome,
) => void;

/** Notes in the log what is over. */
export function createOver({ handlers, log, context }: HttpParts): Over {
  return ({ method, path, contentType }, { info, startedMs }, outcome) => {
    const isRpc = handlers.has(path);
    logRequest(log, {
      ...outcome,
      info,
      method: isRpc ? path.slice(1) : `${method} ${loggedPath(path)}`,
      protocol: isRpc ? wireProtocolOf(contentType) : 'plain',
      durationMs: context.clock.monotonicMs() - startedMs,
    });
  };
}
