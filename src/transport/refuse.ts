import type { ConnectError } from '@connectrpc/connect';
import { toConnectError, toKeypoolError } from './errors.ts';
import type { Log } from './log.ts';
import type { RequestInfo } from './request-info.ts';

/** Notes why a request is refused, logs what really happened where it is our fault, and gives what the caller gets. */
export function refuse(thrown: unknown, info: RequestInfo, log: Log): ConnectError {
  const error = toKeypoolError(thrown);
  info.reason = error.reason;
  const fields = { request_id: info.requestId, reason: error.reason, err: error.cause };
  if (error.code === 'internal') log.error(fields, 'a call failed');
  else if (error.code === 'unavailable' && error.cause !== undefined)
    log.warn(fields, 'a call was not served');
  return toConnectError(error, info.requestId);
}
