import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { ConnectError, type Interceptor } from '@connectrpc/connect';
import type { Context } from '../domain/context.ts';
import { beforeDecoding } from './framework-error.ts';
import type { Log } from './log.ts';
import { refuse } from './refuse.ts';
import { checkAgain } from './request-gate.ts';
import { type RequestInfo, requestInfoOf } from './request-info.ts';
import { validateMessage } from './validation.ts';

/** Messages of a stream are decoded one by one while it runs: what cannot be decoded is the caller's doing. */
async function* readable<Desc extends DescMessage>(
  schema: Desc,
  messages: AsyncIterable<MessageShape<Desc>>,
  maxRequestBytes: number,
): AsyncIterable<MessageShape<Desc>> {
  try {
    for await (const message of messages) {
      validateMessage(schema, message);
      yield message;
    }
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
        message: readable(request.method.input, request.message, maxRequestBytes),
      });
      if (!response.stream) return response;
      return { ...response, message: answered(response.message, info, log) };
    } catch (error) {
      throw refuse(error, info, log);
    }
  };
}
