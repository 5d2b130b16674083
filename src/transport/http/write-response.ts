import type { UniversalServerResponse } from '@connectrpc/connect/protocol';
import { type HttpRequest, type HttpResponse, isGone, isHttp2 } from './message.ts';

function writeHead(from: UniversalServerResponse, response: HttpResponse): void {
  for (const [name, value] of from.header ?? []) response.setHeader(name, value);
  // The two have the same method with types too different to be called as one.
  if (isHttp2(response)) response.writeHead(from.status);
  else response.writeHead(from.status);
}

function addTrailers(from: UniversalServerResponse, response: HttpResponse): void {
  if (from.trailer !== undefined) response.addTrailers(Object.fromEntries(from.trailer));
}

function write(response: HttpResponse, chunk: Uint8Array): boolean {
  return isHttp2(response) ? response.write(chunk) : response.write(chunk);
}

/** Resolves when the response takes more, or never will: it is destroyed when that takes longer than `withinMs`. */
function writable(response: HttpResponse, withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => response.destroy(), withinMs);
    const done = (): void => {
      clearTimeout(timer);
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}

/** How long the rest of a request that is answered already may come in, in ms. */
const LINGER_MS = 1000;

/**
 * Lets the rest of a request come in and go nowhere, for a while: a connection that is closed while its caller still
 * sends is reset, and the answer on its way is lost (RFC 9112, 9.6). Resolves with whether it came in whole.
 */
function drained(request: HttpRequest): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      resolve(request.complete);
    };
    const timer = setTimeout(done, LINGER_MS);
    request.once('end', done);
    request.once('close', done);
    request.resume();
  });
}

/** Sends a complete response at once, and takes the rest of a request that was answered before it was read. */
export async function writeWhole(
  from: UniversalServerResponse,
  request: HttpRequest,
  response: HttpResponse,
): Promise<void> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of from.body ?? []) chunks.push(chunk);
  if (isGone(response)) return;
  writeHead(from, response);
  addTrailers(from, response);
  const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
  if (body !== undefined && body.byteLength > 0) write(response, body);
  // An HTTP/2 stream is no connection: it can be closed on its own.
  if (!request.complete && !isHttp2(response)) {
    const { socket } = request;
    if (!(await drained(request))) response.once('finish', () => socket.destroySoon());
  }
  response.end();
}

/** Sends a response as it comes, no faster than the caller takes it; ends one that takes nothing for `withinMs`. */
export async function writeStream(
  from: UniversalServerResponse,
  response: HttpResponse,
  withinMs: number,
): Promise<void> {
  const body = from.body?.[Symbol.asyncIterator]();
  try {
    let chunk = await body?.next();
    if (isGone(response)) return;
    writeHead(from, response);
    for (; chunk !== undefined && chunk.done !== true; chunk = await body?.next()) {
      if (isGone(response)) return;
      if (!write(response, chunk.value)) await writable(response, withinMs);
    }
    if (isGone(response)) return;
    addTrailers(from, response);
    response.end();
  } finally {
    await body?.return?.();
  }
}
