import assert from 'node:assert/strict';
import type { Served } from './served.ts';

/** An answer over plain HTTP/1.1 and JSON, as any HTTP client sees it. */
export interface JsonAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A google.rpc error as its JSON tells it. */
export interface ToldError {
  readonly code: string;
  readonly message: string;
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Names of the refused fields. */
  readonly fields: readonly string[];
  readonly retryDelay: string | null;
}

export interface JsonCall {
  /** Sent as a bearer token; the root token unless given, none when null. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Calls `Service/Method` of keypool.v1 with a body: an object as JSON, or text and bytes as they are. */
export async function callJson(
  served: Pick<Served, 'url' | 'adminToken'>,
  method: string,
  body: object | string,
  { token = served.adminToken, headers = {}, signal }: JsonCall = {},
): Promise<JsonAnswer> {
  const response = await fetch(`${served.url}/keypool.v1.${method}`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

interface Detail {
  readonly type: string;
  readonly debug: {
    readonly reason?: string;
    readonly domain?: string;
    readonly metadata?: Record<string, string>;
    readonly fieldViolations?: readonly { readonly field: string; readonly description: string }[];
    readonly retryDelay?: string;
  };
}

/** Reads a Connect error, and holds it to what every error must have. */
export function toldError(answer: Pick<JsonAnswer, 'body'>): ToldError {
  const { code, message, details } = answer.body as {
    code: string;
    message: string;
    details: readonly Detail[];
  };
  const find = (type: string) => details.find((detail) => detail.type === `google.rpc.${type}`)?.debug;
  const info = find('ErrorInfo');
  assert.ok(info?.reason !== undefined, JSON.stringify(answer.body));
  assert.equal(info.domain, 'keypool');
  assert.match(message, /^\S.+[^\s,:;]$/s);
  const violations = find('BadRequest')?.fieldViolations ?? [];
  for (const { description } of violations) assert.notEqual(description, '');
  return {
    code,
    message,
    reason: info.reason,
    metadata: info.metadata ?? {},
    fields: violations.map(({ field }) => field),
    retryDelay: find('RetryInfo')?.retryDelay ?? null,
  };
}

/** Expects an answer to be an error with this HTTP status and reason, and gives the rest of it. */
export function refused(answer: JsonAnswer, status: number, reason: string): ToldError {
  const error = toldError(answer);
  assert.deepEqual([answer.status, error.reason], [status, reason], JSON.stringify(answer.body));
  assert.equal(error.metadata.request_id, answer.headers.get('x-request-id'));
  return error;
}
