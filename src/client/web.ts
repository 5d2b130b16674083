import { Code, ConnectError } from '@connectrpc/connect';
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-web';
import { clientsOver, type KeypoolClient } from './clients.ts';
import { sendToken } from './credential.ts';
import { createLifetime } from './lifetime.ts';
import { DEFAULT_TIMEOUT_MS, type KeypoolClientOptions } from './options.ts';

export * from './exports.ts';

/** What the protocols differ in is the way, never the answer: messages, codes and details are the same. */
export type KeypoolWebProtocol = 'connect' | 'grpc-web';

/** What {@link createKeypoolClient} needs to know. */
export interface KeypoolWebClientOptions extends KeypoolClientOptions {
  /** `connect` unless named: JSON, which the browser's developer tools show as it is. `grpc-web` is binary. */
  readonly protocol?: KeypoolWebProtocol;
}

/**
 * Makes the clients of a Keypool over `fetch`: for browsers, workers and edge runtimes. A page of another origin has to
 * be listed in the server's `CORS_ORIGINS`. Whoever can read the page can read its token: give it a consumer's, with
 * no more grants than the page needs.
 * @throws TypeError when the token cannot be one.
 */
export function createKeypoolClient(options: KeypoolWebClientOptions): KeypoolClient {
  const { baseUrl, token, timeoutMs = DEFAULT_TIMEOUT_MS, interceptors = [] } = options;
  const createTransport = options.protocol === 'grpc-web' ? createGrpcWebTransport : createConnectTransport;
  const lifetime = createLifetime();
  const transport = createTransport({
    baseUrl,
    defaultTimeoutMs: timeoutMs > 0 ? timeoutMs : undefined,
    fetch: fetchOrUnavailable,
    interceptors: [lifetime.interceptor, ...interceptors, sendToken(token)],
  });
  return clientsOver(transport, lifetime);
}

/** A network error is a TypeError by the Fetch standard, which would be told as Unknown. */
const fetchOrUnavailable: typeof fetch = async (input, init) => {
  try {
    return await fetch(input, init);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const message = 'Keypool cannot be reached, or it does not list the origin of this page (CORS_ORIGINS)';
    throw new ConnectError(message, Code.Unavailable, undefined, undefined, error);
  }
};
