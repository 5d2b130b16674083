import type { JsonReadOptions, JsonWriteOptions } from '@bufbuild/protobuf';
import { type ConnectRouter, type ConnectRouterOptions, createConnectRouter } from '@connectrpc/connect';
import type { Compression, UniversalHandler } from '@connectrpc/connect/protocol';
import { compressionBrotli, compressionGzip } from '@connectrpc/connect-node';
import type { Context } from '../domain/context.ts';
import { callInterceptor } from './call-interceptor.ts';
import type { Log } from './log.ts';
import { requestGate } from './request-gate.ts';

/** Larger than any message: answers carry secrets beside what callers chose, so they are never compressed together. */
const NEVER = 0xffffffff;

/** How requests are compressed, and answers could be. */
export const COMPRESSIONS: readonly Compression[] = [compressionGzip, compressionBrotli];

/** How messages are read from JSON. */
export const JSON_OPTIONS: Partial<JsonReadOptions & JsonWriteOptions> = { ignoreUnknownFields: false };

/** What every protocol is served with: the gate, the rules, the limits. For the port and for in-memory transports. */
export function routerOptions(context: Context, log: Log, maxRequestBytes: number): ConnectRouterOptions {
  return {
    acceptCompression: [...COMPRESSIONS],
    compressMinBytes: NEVER,
    readMaxBytes: maxRequestBytes,
    jsonOptions: JSON_OPTIONS,
    requestGate: requestGate(context, log),
    interceptors: [callInterceptor(context, log, maxRequestBytes)],
  };
}

/** All handlers by their path. */
export function handlersByPath(
  options: ConnectRouterOptions,
  routes: readonly ((router: ConnectRouter) => void)[],
): ReadonlyMap<string, UniversalHandler> {
  const router = createConnectRouter(options);
  for (const add of routes) add(router);
  return new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
}
