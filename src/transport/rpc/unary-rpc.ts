import { create, type DescMessage, type DescMethodUnary, isMessage, type Message } from '@bufbuild/protobuf';
import { KeypoolError } from '../../domain/errors.ts';
import type { RpcCall, Serve } from './rpc.ts';

/** A unary RPC among others: the types of its messages are its own affair. */
export interface UnaryRpc {
  readonly method: DescMethodUnary;
  /** Takes a message of the method's input type, resolves with one of its output type. Rejects with KeypoolError. */
  readonly serve: (request: Message, call: RpcCall) => Promise<Message>;
}

export function unaryRpc<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  serve: Serve<I, O>,
): UnaryRpc {
  const { input, output } = method;
  return {
    method,
    serve: async (request, call) => {
      if (!isMessage(request, input))
        throw new KeypoolError('INTERNAL', `The request is no ${input.typeName}.`);
      return create(output, await serve(request, call));
    },
  };
}
