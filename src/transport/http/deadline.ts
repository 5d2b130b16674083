import { parseTimeout as parseConnectTimeout } from '@connectrpc/connect/protocol-connect';
import { parseTimeout as parseGrpcTimeout } from '@connectrpc/connect/protocol-grpc';
import type { WireProtocol } from '../wire-protocol.ts';

const HEADER: Readonly<Record<WireProtocol, string>> = {
  connect: 'connect-timeout-ms',
  'connect-stream': 'connect-timeout-ms',
  grpc: 'grpc-timeout',
  'grpc-web': 'grpc-timeout',
};

/**
 * How long a call may take, in ms: what the caller says, `maxMs` at most. A longer wish is taken out of the headers (a
 * timer holds no more than 24 days), a malformed one stays there for the protocol to refuse.
 */
export function deadlineMs(protocol: WireProtocol, headers: Headers, maxMs: number): number {
  const name = HEADER[protocol];
  const parse = protocol === 'grpc' || protocol === 'grpc-web' ? parseGrpcTimeout : parseConnectTimeout;
  const { timeoutMs } = parse(headers.get(name), Number.MAX_SAFE_INTEGER);
  if (timeoutMs === undefined) return maxMs;
  if (timeoutMs >= maxMs) headers.delete(name);
  return Math.min(timeoutMs, maxMs);
}
