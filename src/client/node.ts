import type { Transport } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from '@connectrpc/connect-node';
import { clientsOver, type KeypoolClient } from './clients.ts';
import { sendToken } from './credential.ts';
import { createLifetime } from './lifetime.ts';
import { lostConnectionIsUnavailable } from './lost-connection.ts';
import { DEFAULT_TIMEOUT_MS, type KeypoolClientOptions } from './options.ts';

export * from './exports.ts';

/** What the protocols differ in is the way, never the answer: messages, codes and details are the same. */
export type KeypoolProtocol = 'connect' | 'grpc' | 'grpc-web';

/** What {@link createKeypoolClient} needs to know. */
export interface KeypoolNodeClientOptions extends KeypoolClientOptions {
  /**
   * `connect` unless named: it needs no HTTP trailers, which many proxies and load balancers drop, and an unhappy
   * answer has its HTTP status, which their logs and health checks understand. All are binary here.
   */
  readonly protocol?: KeypoolProtocol;
  /** For `https://`: all PEM texts. What is absent is Node's own. */
  readonly tls?: KeypoolTlsOptions;
}

/** Whom to trust and what to show, in PEM. */
export interface KeypoolTlsOptions {
  /** The authorities to trust in place of those that Node trusts. */
  readonly ca?: string | readonly string[];
  /** This client's certificate and its key, where a proxy before Keypool asks for one. */
  readonly cert?: string;
  readonly key?: string;
}

const RESPONSE_BYTES_MAX = 64 * 1024 * 1024;
/** A connection that died without a word is found before a call has to wait for its time-out. */
const PING = { pingIntervalMs: 30_000, pingTimeoutMs: 5_000 };

/**
 * Makes the clients of a Keypool over one HTTP/2 connection: cleartext by prior knowledge for `http://`, TLS for
 * `https://`. It is opened by the first call, shared by all, opened anew when it broke, and does not keep the process
 * alive while no call is under way.
 * @throws TypeError when the base URL is none of HTTP or the token cannot be one.
 */
export function createKeypoolClient(options: KeypoolNodeClientOptions): KeypoolClient {
  const { baseUrl, token, timeoutMs = DEFAULT_TIMEOUT_MS, interceptors = [] } = options;
  const sessionManager = new Http2SessionManager(httpUrl(baseUrl), PING, tlsOptions(options.tls));
  const lifetime = createLifetime(() => sessionManager.abort());
  const transport = createTransport(options.protocol ?? 'connect', {
    baseUrl,
    sessionManager,
    defaultTimeoutMs: timeoutMs > 0 ? timeoutMs : undefined,
    readMaxBytes: RESPONSE_BYTES_MAX,
    interceptors: [lifetime.interceptor, ...interceptors, sendToken(token), lostConnectionIsUnavailable],
  });
  return clientsOver(transport, lifetime);
}

function createTransport(
  protocol: KeypoolProtocol,
  options: Parameters<typeof createGrpcTransport>[0],
): Transport {
  switch (protocol) {
    case 'connect':
      return createConnectTransport({ ...options, httpVersion: '2' });
    case 'grpc':
      return createGrpcTransport(options);
    case 'grpc-web':
      return createGrpcWebTransport({ ...options, httpVersion: '2' });
  }
}

function httpUrl(baseUrl: string): string {
  if (URL.canParse(baseUrl) && /^https?:$/.test(new URL(baseUrl).protocol)) return baseUrl;
  throw new TypeError('baseUrl: it must be a URL that begins with http:// or https://');
}

function tlsOptions({ ca, cert, key }: KeypoolTlsOptions = {}) {
  return {
    ...(ca === undefined ? {} : { ca: typeof ca === 'string' ? ca : [...ca] }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}
