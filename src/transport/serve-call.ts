import type {
  UniversalHandler,
  UniversalServerRequest,
  UniversalServerResponse,
} from '@connectrpc/connect/protocol';
import { errorResponse } from './error-response.ts';
import { beforeDecoding, inspectUnary } from './framework-error.ts';
import { jsonError } from './json-error.ts';
import type { Log } from './log.ts';
import { refusedByHead } from './refusals.ts';
import { refuse } from './refuse.ts';
import type { RequestInfo } from './request-info.ts';
import type { WireProtocol } from './wire-protocol.ts';

export interface ServedCall {
  readonly handler: UniversalHandler;
  readonly protocol: WireProtocol;
  readonly request: UniversalServerRequest;
  readonly info: RequestInfo;
  /** What was read of the body so far, as it came. */
  readonly received: () => Uint8Array;
}

function isPlainJson(request: UniversalServerRequest): boolean {
  const type = request.header.get('content-type')?.toLowerCase() ?? '';
  return type.startsWith('application/json') && !request.header.has('content-encoding');
}

/**
 * Runs a call through the library, and rewrites what the library itself refuses (it decodes messages before any of our
 * code sees them): a reason and a sentence of ours in place of its words.
 */
export async function serveCall(
  call: ServedCall,
  log: Log,
  maxRequestBytes: number,
): Promise<UniversalServerResponse> {
  const { handler, protocol, request, info } = call;
  const contentType = request.header.get('content-type');
  const answered = await handler(request);
  if (answered.body === undefined && answered.status >= 400) {
    const response = errorResponse(
      contentType,
      refuse(refusedByHead(answered.status), info, log),
      answered.status,
    );
    if (answered.status === 405) response.header?.set('Allow', handler.allowedMethods.join(', '));
    return response;
  }
  if (handler.method.methodKind !== 'unary' || info.reason !== null) return answered;
  const { response, error } = await inspectUnary(protocol, answered);
  if (error === null) return response;
  if (info.decoded) return errorResponse(contentType, refuse(error, info, log));
  const known = beforeDecoding(error, maxRequestBytes);
  const received = call.received();
  // Where no body was asked for, it is the head that cannot be read.
  const unread = known.reason === 'INVALID_REQUEST' && received.byteLength > 0 && isPlainJson(request);
  const refused = unread ? jsonError(handler.method.input, received) : known;
  return errorResponse(contentType, refuse(refused, info, log));
}
