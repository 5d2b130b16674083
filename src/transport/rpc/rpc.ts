import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { HandlerContext } from '@connectrpc/connect';
import type { Context } from '../../domain/context.ts';

/** One call as an RPC sees it, whichever path it came by. */
export type RpcCall = Pick<HandlerContext, 'signal' | 'values'>;

/** Serves one request that kept the contract's rules. */
export type Serve<I extends DescMessage, O extends DescMessage> = (
  request: MessageShape<I>,
  call: RpcCall,
) => Promise<MessageInitShape<O>> | MessageInitShape<O>;

/** How one RPC is served: made once over the context, called with each request. */
export type Rpc<Method extends DescMethodUnary> = (
  context: Context,
) => Serve<Method['input'], Method['output']>;
