import type { ConnectError } from '@connectrpc/connect';
import { errorAnswer } from '../error-response.ts';
import type { CorsHeaders } from '../http/cors.ts';
import type { Answer } from './exchange.ts';
import { answerEncoding, type Format } from './format.ts';

/** What an answer is written from, beside its body. */
export interface AnswerHead {
  readonly requestId: string;
  readonly cors: CorsHeaders;
  /** Names and values in turn. */
  readonly credits: readonly string[];
}

function headerOf({ requestId, cors, credits }: AnswerHead): string[] {
  const header = ['X-Request-Id', requestId];
  for (const name in cors) header.push(name, cors[name] ?? '');
  if (credits.length > 0) header.push(...credits);
  return header;
}

function addEncoding(header: string[], format: Format, acceptEncoding: string | undefined): void {
  if (format.protocol === 'connect') return;
  const encoding = answerEncoding(acceptEncoding);
  if (encoding !== null) header.push('grpc-encoding', encoding);
}

const GRPC_OK = { 'grpc-status': '0' };

/** An answer with a message, as written for the format. */
export function messageAnswer(
  head: AnswerHead,
  format: Format,
  acceptEncoding: string | undefined,
  body: string | Uint8Array,
): Answer {
  const header = headerOf(head);
  if (format.protocol === 'connect') header.push('content-length', String(Buffer.byteLength(body)));
  header.push('content-type', format.contentType);
  addEncoding(header, format, acceptEncoding);
  return { status: 200, header, body, trailer: format.protocol === 'grpc' ? GRPC_OK : null };
}

/** An answer with an error that an RPC ended with. */
export function failureAnswer(
  head: AnswerHead,
  format: Format,
  acceptEncoding: string | undefined,
  error: ConnectError,
): Answer {
  const answer = refusalAnswer(head, format, error);
  const header = [...answer.header];
  addEncoding(header, format, acceptEncoding);
  return { ...answer, header };
}

/** An answer with an error that came in the place of whatever the RPC would have ended with. */
export function refusalAnswer(head: AnswerHead, format: Format, error: ConnectError): Answer {
  const { status, header: told, body, trailer } = errorAnswer(format.contentType, error);
  const header = headerOf(head);
  for (const [name, value] of told) header.push(name, value);
  return { status, header, body, trailer: trailer === null ? null : Object.fromEntries(trailer) };
}
