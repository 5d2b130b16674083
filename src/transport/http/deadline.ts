import { parseTimeout as parseConnectTimeout } from '@connectrpc/connect/protocol-connect';
import { parseTimeout as parseGrpcTimeout } from '@connectrpc/connect/protocol-grpc';
import type { WireProtocol } from '../wire-protocol.ts';

const HEADER: Readonly<Record<WireProtocol, string>> = {
  connect: 'connect-timeout-ms',
  'connect-stream': 'connect-timeout-ms',
  grpc: 'grpc-timeout',
  'grpc-web': 'grpc-timeout',
};

/** The header in which a protocol says how long a call may take. */
export function timeoutHeader(protocol: WireProtocol): string {
  return HEADER[protocol];
}

/** How long a caller says that its call may take, in ms; null where it says nothing, NaN where it cannot be read. */
export function timeoutMsOf(protocol: WireProtocol, value: string | null): number | null {
  if (value === null) return null;
  const parse = protocol === 'grpc' || protocol === 'grpc-web' ? parseGrpcTimeout : parseConnectTimeout;
  return parse(value, Number.MAX_SAFE_INTEGER).timeoutMs ?? Number.NaN;
}

/**
 * How long a call may take, in ms: what the caller says, `maxMs` at most. A longer wish is taken out of the headers (a
 * timer holds no more than 24 days), a malformed one stays there for the protocol to refuse.
 */
export function deadlineMs(protocol: WireProtocol, headers: Headers, maxMs: number): number {
  const name = timeoutHeader(protocol);
  const timeoutMs = timeoutMsOf(protocol, headers.get(name));
  if (timeoutMs === null || Number.isNaN(timeoutMs)) return maxMs;
  if (timeoutMs >= maxMs) headers.delete(name);
  return Math.min(timeoutMs, maxMs);
}
