import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { setImmediate as turn } from 'node:timers/promises';
import { connectTo } from '../raw-connection.ts';

/** A request as it goes over the wire. */
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Into how many pieces the body is cut, each sent on its own. */
  readonly pieces: number;
  /** Over HTTP/1.1: whether the body goes in chunks, without its length in the head. */
  readonly chunked: boolean;
}

/** An answer without what differs from one time to the next. */
export interface WireAnswer {
  readonly head: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?:\.\d+)?/g;
const DETAILS = /("value":"|grpc-status-details-bin: )([\w+/-]+)/g;

/** Ids are made anew for every call; the details of an error hold one in base64. */
export function steady(text: string): string {
  return text
    .replace(
      DETAILS,
      (_, name: string, value: string) => name + Buffer.from(value, 'base64').toString('latin1'),
    )
    .replace(UUID, '(id)');
}

function isSteady(line: string): boolean {
  return !/^date:/i.test(line);
}

function piecesOf({ body, pieces }: WireRequest): Uint8Array[] {
  const size = Math.max(1, Math.ceil(body.byteLength / pieces));
  const cut: Uint8Array[] = [];
  for (let at = 0; at < body.byteLength; at += size) cut.push(body.subarray(at, at + size));
  return cut;
}

function chunk(data: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${data.byteLength.toString(16)}\r\n`), data, Buffer.from('\r\n')]);
}

/** The body of a response that may have come in chunks. */
function unchunked(head: readonly string[], body: string): string {
  if (!head.some((line) => /^transfer-encoding: chunked$/i.test(line))) return body;
  let whole = '';
  for (let at = 0; at < body.length; ) {
    const end = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.slice(at, end), 16);
    whole += body.slice(end + 2, end + 2 + size);
    at = end + 2 + size + 2;
  }
  return whole;
}

/** Sends a request over a connection of HTTP/1.1 of its own. */
export async function overHttp1(port: number, request: WireRequest): Promise<WireAnswer> {
  await using connection = await connectTo(port);
  const { method, path, headers, body, chunked } = request;
  const length = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.byteLength}`;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = [`${method} ${path} HTTP/1.1`, 'Host: keypool', 'Connection: close', length, ...lines];
  connection.send(`${head.join('\r\n')}\r\n\r\n`);
  for (const piece of piecesOf(request)) {
    if (request.pieces > 1) await turn();
    connection.send(chunked ? chunk(piece) : piece);
  }
  if (chunked) connection.send('0\r\n\r\n');
  const raw = (await connection.closed).replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
  const end = raw.indexOf('\r\n\r\n');
  const answered = raw.slice(0, end).split('\r\n').filter(isSteady);
  return {
    head: answered.map(steady).sort(),
    body: steady(unchunked(answered, raw.slice(end + 4))),
    trailers: [],
  };
}

function linesOf(headers: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .filter(isSteady)
    .map(steady)
    .sort();
}

export async function connectHttp2(port: number): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${port}`);
  await once(session, 'connect');
  return session;
}

/** Sends a request as a stream of a session of HTTP/2. */
export async function overHttp2(session: ClientHttp2Session, request: WireRequest): Promise<WireAnswer> {
  const { method, path, headers, body } = request;
  const endStream = body.byteLength === 0 && request.pieces === 1;
  const stream = session.request({ ':method': method, ':path': path, ...headers }, { endStream });
  let head: string[] = [];
  let trailers: string[] = [];
  const chunks: Buffer[] = [];
  stream.on('response', (answered) => {
    head = linesOf(answered);
  });
  stream.on('trailers', (answered) => {
    trailers = linesOf(answered);
  });
  stream.on('data', (data: Buffer) => chunks.push(data));
  stream.on('error', (error) => head.push(`broken off: ${error.message}`));
  const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()));
  for (const piece of piecesOf({ ...request, body })) {
    if (request.pieces > 1) await turn();
    if (!stream.closed) stream.write(piece);
  }
  if (!stream.closed && !endStream) stream.end();
  await closed;
  return { head, body: steady(Buffer.concat(chunks).toString('latin1')), trailers };
}
