import type { UniversalHandler } from '@connectrpc/connect/protocol';
import type { Context } from '../../domain/context.ts';
import type { Health } from '../health.ts';
import type { Log } from '../log.ts';
import type { UnaryRpc } from '../rpc/unary-rpc.ts';
import type { RpcLimits } from './rpc.ts';

export interface HttpOptions {
  readonly limits: RpcLimits & { readonly maxConcurrentRequests: number };
  /** Whether unary calls of the usual form are served with little around them; true unless said. */
  readonly shortPath?: boolean;
  /** Origins whose pages may call; `*` for any, none for no page at all. */
  readonly corsOrigins: readonly string[];
  /** Addresses and CIDR prefixes of proxies whose `X-Forwarded-For` counts. */
  readonly trustedProxies: readonly string[];
  /** Whether each request gets its line in the log. */
  readonly logRequests: boolean;
}

export interface HttpParts {
  /** What the library serves, by path. */
  readonly handlers: ReadonlyMap<string, UniversalHandler>;
  /** Those of them that are unary calls of ours. */
  readonly rpcs: readonly UnaryRpc[];
  readonly context: Context;
  readonly health: Health;
  readonly newRequestId: () => string;
  readonly log: Log;
}
