import { Code, ConnectError, createContextValues } from '@connectrpc/connect';
import type { UniversalHandler, UniversalServerResponse } from '@connectrpc/connect/protocol';
import { creditHeaders } from '../credit-headers.ts';
import { errorResponse } from '../error-response.ts';
import type { Log } from '../log.ts';
import { refuse } from '../refuse.ts';
import { setRequestInfo } from '../request-info.ts';
import { serveCall } from '../serve-call.ts';
import { wireProtocolOf } from '../wire-protocol.ts';
import type { Arrival } from './arrival.ts';
import { deadlineMs, timeoutHeader, timeoutMsOf } from './deadline.ts';
import { type HttpRequest, type HttpResponse, headerOf, isGone, onceClosed } from './message.ts';
import { requestBody } from './request-body.ts';
import { writeStream, writeWhole } from './write-response.ts';

export interface RpcLimits {
  /** The longest a call may take, and what it may take where the caller says nothing, in ms. */
  readonly requestTimeoutMs: number;
  /** The largest request message, as it comes and as decompressed. */
  readonly maxRequestBytes: number;
}

function webHeaders(request: HttpRequest): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (name.startsWith(':') || value === undefined) continue;
    headers.set(name, typeof value === 'string' ? value : value.join(', '));
  }
  return headers;
}

/** Calls that stay open as long as the caller likes. */
export function isOpenEnded(handler: UniversalHandler): boolean {
  return handler.method.methodKind === 'server_streaming';
}

interface Timer {
  /** Fires with DeadlineExceeded, or with Canceled when the caller has gone. */
  readonly signal: AbortSignal;
  readonly passed: Promise<ConnectError>;
  /** The answer is on its way: from now on, time-out means that the caller does not take it. */
  readonly answered: () => void;
}

/** `moreMs`: how much longer it may take, as is known when its time is over. */
function startTimer(ms: number, maxMs: number, response: HttpResponse, moreMs: () => number): Timer {
  const controller = new AbortController();
  const passed = Promise.withResolvers<ConnectError>();
  let answered = false;
  let isPutOff = false;
  let timer: NodeJS.Timeout | undefined;
  const abort = (code: Code): void => {
    const error = new ConnectError('', code);
    controller.abort(error);
    passed.resolve(error);
  };
  const onTime = (): void => {
    const more = isPutOff ? 0 : moreMs();
    isPutOff = true;
    if (more > 0) timer = setTimeout(onTime, more);
    else if (answered || controller.signal.aborted) response.destroy();
    else {
      timer = setTimeout(onTime, maxMs);
      abort(Code.DeadlineExceeded);
    }
  };
  if (Number.isFinite(ms)) timer = setTimeout(onTime, ms);
  onceClosed(response, () => {
    clearTimeout(timer);
    if (!answered) abort(Code.Canceled);
  });
  return {
    signal: controller.signal,
    passed: passed.promise,
    answered: () => {
      answered = true;
      timer ??= setTimeout(onTime, maxMs);
      if (isGone(response)) clearTimeout(timer);
    },
  };
}

export interface RpcParts {
  readonly log: Log;
  readonly limits: RpcLimits;
  /** The store's time, in ms. */
  readonly now: () => number;
  /** How long ago the request's head came in. */
  readonly elapsedMs: number;
}

/** `headers`: names and values in turn. */
function setCreditHeaders(response: HttpResponse, headers: readonly string[]): void {
  if (isGone(response)) return;
  for (let i = 0; i + 1 < headers.length; i += 2) response.setHeader(headers[i] ?? '', headers[i + 1] ?? '');
}

/** Serves one RPC from its head to the end of its response. */
export async function serveRpc(
  handler: UniversalHandler,
  request: HttpRequest,
  response: HttpResponse,
  { info, received }: Pick<Arrival, 'info' | 'received'>,
  parts: RpcParts,
): Promise<void> {
  const { log, limits, elapsedMs, now } = parts;
  const contentType = headerOf(request, 'content-type');
  const protocol = wireProtocolOf(contentType);
  const header = webHeaders(request);
  const longestMs = isOpenEnded(handler) ? Number.POSITIVE_INFINITY : limits.requestTimeoutMs;
  const callerMs = timeoutMsOf(protocol, header.get(timeoutHeader(protocol))) ?? Number.POSITIVE_INFINITY;
  const timeoutMs = deadlineMs(protocol, header, longestMs);
  const timer = startTimer(
    Math.max(0, timeoutMs - elapsedMs),
    limits.requestTimeoutMs,
    response,
    // The caller's own deadline is never put off.
    () => Math.min(info.waitMs, callerMs - timeoutMs),
  );
  const contextValues = createContextValues();
  setRequestInfo(contextValues, info);
  const isJson = contentType?.toLowerCase().startsWith('application/json') === true;
  const chunks: Uint8Array[] = [];
  const body = requestBody(request, received, timer.signal, (chunk) => {
    if (isJson) chunks.push(chunk);
  });
  const call = {
    handler,
    protocol,
    info,
    received: () => Buffer.concat(chunks),
    request: {
      httpVersion: request.httpVersion,
      method: request.method ?? '',
      url: `http://keypool${handler.requestPath}`,
      header,
      body,
      signal: timer.signal,
      contextValues,
    },
  };
  const late = timer.passed.then(
    (error): UniversalServerResponse => errorResponse(contentType, refuse(error, info, log)),
  );
  const send = (answer: UniversalServerResponse): Promise<void> => {
    setCreditHeaders(response, creditHeaders(info.charge, now));
    if (handler.method.methodKind !== 'unary') return writeStream(answer, response, limits.requestTimeoutMs);
    // Where nobody has read it to its end, nobody will.
    void body.return(undefined);
    return writeWhole(answer, request, response);
  };
  try {
    const work = serveCall(call, log, limits.maxRequestBytes);
    const served = await Promise.race([work, late]);
    if (timer.signal.aborted || isGone(response)) {
      const neverLeft = (): void => info.neverLeft?.();
      work.then(neverLeft, neverLeft);
      return await send(await late);
    }
    const refused = info.refuseAtLast?.() ?? null;
    const answer = refused === null ? served : errorResponse(contentType, refuse(refused, info, log));
    await send(answer);
  } finally {
    timer.answered();
  }
}
