import type { KeypoolClient } from '../../src/client/clients.ts';
import * as node from '../../src/client/node.ts';
import type { KeypoolClientOptions } from '../../src/client/options.ts';
import * as web from '../../src/client/web.ts';

export type EveryClient = {
  readonly name: string;
  readonly create: (options: KeypoolClientOptions) => KeypoolClient;
};

const NODE_PROTOCOLS: readonly node.KeypoolProtocol[] = ['connect', 'grpc', 'grpc-web'];
const WEB_PROTOCOLS: readonly web.KeypoolWebProtocol[] = ['connect', 'grpc-web'];

/** What holds for one client holds for all: over Node's HTTP/2 and over fetch, by every protocol of theirs. */
export const EVERY_CLIENT: readonly EveryClient[] = [
  ...NODE_PROTOCOLS.map((protocol) => ({
    name: `keypool/client by ${protocol}`,
    create: (options: KeypoolClientOptions) => node.createKeypoolClient({ ...options, protocol }),
  })),
  ...WEB_PROTOCOLS.map((protocol) => ({
    name: `keypool/client/web by ${protocol}`,
    create: (options: KeypoolClientOptions) => web.createKeypoolClient({ ...options, protocol }),
  })),
];
