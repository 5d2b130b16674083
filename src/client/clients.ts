import { type Client, createClient, type Transport } from '@connectrpc/connect';
import { AdminService } from '../../gen/keypool/v1/admin_service_pb.ts';
import { AuthService } from '../../gen/keypool/v1/auth_service_pb.ts';
import { KeyPoolService } from '../../gen/keypool/v1/key_pool_service_pb.ts';
import type { Lifetime } from './lifetime.ts';

/**
 * The three services of one Keypool. Every method takes the fields of its request and, second, the options of that
 * one call: `{ signal, timeoutMs, headers, onHeader, onTrailer }`. It rejects with a `ConnectError`, see
 * `keypoolErrorOf`.
 */
export interface KeypoolClient {
  /** Hands out keys: for consumers and admins. */
  readonly keyPool: Client<typeof KeyPoolService>;
  /** Who the caller is, and JWTs, for every token; whose token a client of one's own has, for backends. */
  readonly auth: Client<typeof AuthService>;
  /** Tiers, keys, consumers, grants and the audit: for admins. */
  readonly admin: Client<typeof AdminService>;
  /** Ends the calls under way and refuses later ones, both with the code Canceled. May be called twice. */
  close(): void;
}

export function clientsOver(transport: Transport, lifetime: Lifetime): KeypoolClient {
  return {
    keyPool: createClient(KeyPoolService, transport),
    auth: createClient(AuthService, transport),
    admin: createClient(AdminService, transport),
    close: lifetime.end,
  };
}
