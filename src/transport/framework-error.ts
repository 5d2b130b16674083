import { Code, ConnectError } from '@connectrpc/connect';
import {
  createAsyncIterable,
  readAllBytes,
  type UniversalServerResponse,
} from '@connectrpc/connect/protocol';
import { errorFromJsonBytes } from '@connectrpc/connect/protocol-connect';
import { findTrailerError } from '@connectrpc/connect/protocol-grpc';
import { trailerFlag, trailerParse } from '@connectrpc/connect/protocol-grpc-web';
import type { KeypoolError } from '../domain/errors.ts';
import { toKeypoolError } from './errors.ts';
import { invalidRequest, tooLarge } from './refusals.ts';
import type { WireProtocol } from './wire-protocol.ts';

const ENVELOPE_HEAD_BYTES = 5;
const UNARY_RESPONSE_BYTES_MAX = 0xffffffff;

/** A finished response, and the error it carries, if any. */
export interface Inspected {
  readonly response: UniversalServerResponse;
  readonly error: ConnectError | null;
}

async function inspectGrpcWeb(response: UniversalServerResponse): Promise<Inspected> {
  if (response.body === undefined) return { response, error: null };
  const bytes = await readAllBytes(response.body, UNARY_RESPONSE_BYTES_MAX);
  const again = { ...response, body: createAsyncIterable([bytes]) };
  if (((bytes[0] ?? 0) & trailerFlag) === 0) return { response: again, error: null };
  const trailer = trailerParse(bytes.subarray(ENVELOPE_HEAD_BYTES));
  return { response: again, error: findTrailerError(trailer) ?? null };
}

/** Finds the error in the response of a unary call, which is complete when its handler returns. */
export async function inspectUnary(
  protocol: WireProtocol,
  response: UniversalServerResponse,
): Promise<Inspected> {
  if (protocol === 'grpc') {
    const error = response.trailer === undefined ? undefined : findTrailerError(response.trailer);
    return { response, error: error ?? null };
  }
  if (protocol === 'grpc-web') return inspectGrpcWeb(response);
  if (response.status === 200 || response.body === undefined) return { response, error: null };
  const bytes = await readAllBytes(response.body, UNARY_RESPONSE_BYTES_MAX);
  const unreadable = new ConnectError('', Code.Internal);
  return { response, error: errorFromJsonBytes(bytes, undefined, unreadable) };
}

/** What the library refused before it had a request message, as what the caller is told. Its own words stay inside. */
export function beforeDecoding(error: ConnectError, maxRequestBytes: number): KeypoolError {
  switch (error.code) {
    case Code.ResourceExhausted:
      return tooLarge(maxRequestBytes, error);
    case Code.DeadlineExceeded:
    case Code.Canceled:
      return toKeypoolError(error);
    case Code.Aborted:
      return toKeypoolError(new ConnectError('', Code.Canceled, undefined, undefined, error));
    case Code.Unimplemented:
      return invalidRequest(
        'Send exactly one message, uncompressed or compressed with gzip or br as the encoding header says.',
        error,
      );
    default:
      return invalidRequest(
        'The request cannot be read. Send one whole message of the request type, in the encoding that the Content-Type names, and a well-formed time-out if any.',
        error,
      );
  }
}
