import { type Client, createClient, type Transport } from '@connectrpc/connect';
import { AdminService } from '../../gen/keypool/v1/admin_service_pb.ts';
import { AuthService } from '../../gen/keypool/v1/auth_service_pb.ts';
import { KeyPoolService } from '../../gen/keypool/v1/key_pool_service_pb.ts';
import type { Lifetime } from './lifetime.ts';
import { endedByReader } from './stream.ts';

/**
 * The three services of one Keypool. Every method takes the fields of its request and, second, the options of that
 * one call: `{ signal, timeoutMs, headers, onHeader, onTrailer }`. It rejects with a `ConnectError`, see
 * `keypoolErrorOf`.
 */
export interface KeypoolClient {
  /**
   * Hands out keys: for consumers and admins. `watchAvailability` goes on for as long as it is read, and has a time-out only
   * where its options name one.
   */
  readonly keyPool: Client<typeof KeyPoolService>;
  /** Who the caller is, and JWTs, for every token; whose token a client of one's own has, for backends. */
  readonly auth: Client<typeof AuthService>;
  /** Tiers, keys, consumers, grants and the audit: for admins. */
  readonly admin: Client<typeof AdminService>;
  /** Ends the calls under way and refuses later ones, both with the code Canceled. May be called twice. */
  close(): void;
}

function keyPoolOver(transport: Transport): KeypoolClient['keyPool'] {
  const client = createClient(KeyPoolService, transport);
  return {
    ...client,
    watchAvailability: (request, options) =>
      endedByReader(
        (signal) =>
          client.watchAvailability(request, { ...options, timeoutMs: options?.timeoutMs ?? 0, signal }),
        options?.signal,
      ),
  };
}

export function clientsOver(transport: Transport, lifetime: Lifetime): KeypoolClient {
  return {
    keyPool: keyPoolOver(transport),
    auth: createClient(AuthService, transport),
    admin: createClient(AdminService, transport),
    close: lifetime.end,
  };
}
