import type { DescMethod } from '@bufbuild/protobuf';
import type { MethodImpl } from '@connectrpc/connect';
import type { Context } from '../../domain/context.ts';

/** How one RPC is served: made once over the context, called with each request that kept the contract's rules. */
export type Rpc<Method extends DescMethod> = (context: Context) => MethodImpl<Method>;
