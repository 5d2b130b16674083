import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromJsonString,
  type MessageInitShape,
  type MessageShape,
  toJsonString,
} from '@bufbuild/protobuf';
import { type Code, ConnectError } from '@connectrpc/connect';
import { codeFromHttpStatus, errorFromJson } from '@connectrpc/connect/protocol-connect';
import { keypoolErrorOf } from '../../src/client/exports.ts';
import type { HttpAnswer, LoadConnection } from './load-connection.ts';

/** Which server is asked, and by whom. */
export type RpcTarget = { readonly url: string; readonly token: string };

export type RpcRefusal = {
  readonly ok: false;
  readonly status: number;
  readonly code: Code;
  /** The stable reason; empty where the answer names none. */
  readonly reason: string;
  /** The sentence for people. */
  readonly message: string;
  /** What RetryInfo says, in ms. */
  readonly retryAfterMs: number | null;
  readonly http: HttpAnswer;
};

export type RpcAnswer<T> = { readonly ok: true; readonly message: T; readonly http: HttpAnswer } | RpcRefusal;

/** Makes a call as JSON over HTTP/1.1; rejects only when no whole answer came. */
export async function callRpc<I extends DescMessage, O extends DescMessage>(
  connection: LoadConnection,
  { url, token }: RpcTarget,
  method: DescMethodUnary<I, O>,
  request: MessageInitShape<I>,
): Promise<RpcAnswer<MessageShape<O>>> {
  const body = toJsonString(method.input, create(method.input, request));
  const http = await connection.post(`${url}/${method.parent.typeName}/${method.name}`, body, {
    authorization: `Bearer ${token}`,
  });
  if (http.status === 200) return { ok: true, message: fromJsonString(method.output, http.body), http };
  return refusalOf(http);
}

/** Reads an answer that is an error. */
export function refusalOf(http: HttpAnswer): RpcRefusal {
  const error = connectErrorOf(http);
  const told = keypoolErrorOf(error);
  return {
    ok: false,
    status: http.status,
    code: error.code,
    reason: told?.reason ?? '',
    message: error.rawMessage,
    retryAfterMs: told?.retryAfterMs ?? null,
    http,
  };
}

function connectErrorOf(http: HttpAnswer): ConnectError {
  const fallback = new ConnectError(http.body, codeFromHttpStatus(http.status));
  try {
    return errorFromJson(JSON.parse(http.body), undefined, fallback);
  } catch {
    return fallback;
  }
}
