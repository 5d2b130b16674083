import type { DescMessage, DescMethod, MessageShape } from '@bufbuild/protobuf';
import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import type { Context } from '../domain/context.ts';
import { beforeDecoding } from './framework-error.ts';
import type { Log } from './log.ts';
import { refuse } from './refuse.ts';
import { checkAgain } from './request-gate.ts';
import { type RequestInfo, requestInfoOf } from './request-info.ts';
import { validateMessage } from './validation.ts';

function notOneMessage(): ConnectError {
  return new ConnectError('', Code.Unimplemented);
}

/**
 * Messages of a stream are decoded one by one while it runs: what cannot be decoded is the caller's doing, and so is
 * another number of them than the method takes.
 */
async function* readable(
  method: DescMethod,
  messages: AsyncIterable<MessageShape<DescMessage>>,
  maxRequestBytes: number,
): AsyncIterable<MessageShape<DescMessage>> {
  const takesOne = method.methodKind === 'server_streaming';
  let read = 0;
  try {
    for await (const message of messages) {
      read += 1;
      if (takesOne && read > 1) throw notOneMessage();
      validateMessage(method.input, message);
      yield message;
    }
    if (takesOne && read === 0) throw notOneMessage();
  } catch (error) {
    throw error instanceof ConnectError ? beforeDecoding(error, maxRequestBytes) : error;
  }
}

async function* answered<T>(messages: AsyncIterable<T>, info: RequestInfo, log: Log): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (error) {
    throw refuse(error, info, log);
  }
}

/** Holds every request message to the rules of the contract, and turns whatever is thrown into what the caller gets. */
export function callInterceptor(context: Context, log: Log, maxRequestBytes: number): Interceptor {
  return (next) => async (request) => {
    const info = requestInfoOf(request.contextValues);
    info.decoded = true;
    try {
      if (!request.stream) {
        validateMessage(request.method.input, request.message);
        await checkAgain(context, request.method, info);
        return await next(request);
      }
      const response = await next({
        ...request,
        message: readable(request.method, request.message, maxRequestBytes),
      });
      if (!response.stream) return response;
      return { ...response, message: answered(response.message, info, log) };
    } catch (error) {
      throw refuse(error, info, log);
    }
  };
}
