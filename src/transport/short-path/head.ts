import type { IncomingHttpHeaders } from 'node:http';
import { timeoutHeader, timeoutMsOf } from '../http/deadline.ts';
import type { RpcLimits } from '../http/rpc.ts';
import { tokenOf } from '../request-gate.ts';
import { type Format, formatOf } from './format.ts';

/** What a request's head says, where nothing in it is out of the ordinary. */
export interface Head {
  readonly format: Format;
  /** Null when none is sent. */
  readonly token: string | null;
  /** How long the call may take. */
  readonly timeoutMs: number;
  /** The same as far as its caller goes; Infinity where that says nothing. */
  readonly callerTimeoutMs: number;
}

const API_KEY = /^[!-~]*$/;
/** Shorter deadlines pass before anything is done. */
const TIMEOUT_MS_MIN = 1;

function isCompressed(format: Format, headers: IncomingHttpHeaders): boolean {
  if (format.protocol === 'connect') return headers['content-encoding'] !== undefined;
  const encoding = headers['grpc-encoding'];
  return encoding !== undefined && encoding !== 'identity';
}

function callerTimeoutOf(format: Format, headers: IncomingHttpHeaders): number | null {
  const value = headers[timeoutHeader(format.protocol)];
  if (value === undefined) return Number.POSITIVE_INFINITY;
  const timeoutMs = typeof value === 'string' ? timeoutMsOf(format.protocol, value) : null;
  return timeoutMs !== null && timeoutMs >= TIMEOUT_MS_MIN ? timeoutMs : null;
}

/** Undefined when it cannot be read. */
function readToken(headers: IncomingHttpHeaders): string | null | undefined {
  const apiKey = headers['x-api-key'] ?? null;
  if (apiKey !== null && (typeof apiKey !== 'string' || !API_KEY.test(apiKey))) return undefined;
  try {
    return tokenOf({ authorization: headers.authorization ?? null, apiKey });
  } catch {
    return undefined;
  }
}

/** Reads the head of a POST; null for one that the general path is to look at. `trailers`: whether answers have any. */
export function readHead(headers: IncomingHttpHeaders, limits: RpcLimits, trailers: boolean): Head | null {
  const format = formatOf(headers['content-type']);
  if (format === null || (format.protocol === 'grpc' && !trailers)) return null;
  if (headers.expect !== undefined || isCompressed(format, headers)) return null;
  if (Number(headers['content-length'] ?? 0) > limits.maxRequestBytes) return null;
  const callerTimeoutMs = callerTimeoutOf(format, headers);
  const token = readToken(headers);
  if (callerTimeoutMs === null || token === undefined) return null;
  const timeoutMs = Math.min(callerTimeoutMs, limits.requestTimeoutMs);
  return { format, token, timeoutMs, callerTimeoutMs };
}
