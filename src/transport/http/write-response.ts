import type { UniversalServerResponse } from '@connectrpc/connect/protocol';
import { type HttpResponse, isGone, isHttp2 } from './message.ts';

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

/** Resolves when the response takes more, or never will. */
function drained(response: HttpResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}

/** Sends a complete response at once. */
export async function writeWhole(from: UniversalServerResponse, response: HttpResponse): Promise<void> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of from.body ?? []) chunks.push(chunk);
  if (isGone(response)) return;
  writeHead(from, response);
  addTrailers(from, response);
  const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
  if (body === undefined || body.byteLength === 0) response.end();
  else response.end(body);
}

/** Sends a response as it comes, no faster than the caller takes it. */
export async function writeStream(from: UniversalServerResponse, response: HttpResponse): Promise<void> {
  const body = from.body?.[Symbol.asyncIterator]();
  try {
    let chunk = await body?.next();
    if (isGone(response)) return;
    writeHead(from, response);
    for (; chunk !== undefined && chunk.done !== true; chunk = await body?.next()) {
      if (isGone(response)) return;
      if (!write(response, chunk.value)) await drained(response);
    }
    if (isGone(response)) return;
    addTrailers(from, response);
    response.end();
  } finally {
    await body?.return?.();
  }
}
