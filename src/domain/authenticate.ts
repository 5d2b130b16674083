import type { Consumer } from '../model/consumer.ts';
import { createIpList, type IpList } from '../model/ip-list.ts';
import { isWellFormedToken, sameHash, tokenHash } from '../model/token.ts';
import type { Context, Identity } from './context.ts';
import { KeypoolError } from './errors.ts';
import { stored } from './store-errors.ts';

/** What a call shows of its caller. */
export interface Credentials {
  /** The bearer token or API key; null when there is none. */
  readonly token: string | null;
  readonly peerAddress: string;
}

const ROOT: Identity = { kind: 'root' };

/** Lists as compiled, for as long as the consumer they belong to is kept. */
const ipLists = new WeakMap<readonly string[], IpList>();

function ipListOf(entries: readonly string[]): IpList {
  const known = ipLists.get(entries);
  if (known !== undefined) return known;
  const list = createIpList(entries);
  ipLists.set(entries, list);
  return list;
}

function tokenInvalid(): KeypoolError {
  return new KeypoolError('TOKEN_INVALID', 'The token is not known. Check that it was copied whole.');
}

function checkConsumer(consumer: Consumer, peerAddress: string, now: number): void {
  if (consumer.state === 'revoked')
    throw new KeypoolError('TOKEN_REVOKED', 'This token was revoked. Ask an admin for a new one.');
  if (consumer.state === 'disabled')
    throw new KeypoolError('CONSUMER_DISABLED', 'This consumer is disabled. Ask an admin to enable it.');
  if (consumer.expireAt !== null && consumer.expireAt <= now)
    throw new KeypoolError('TOKEN_EXPIRED', 'This token has expired. Ask an admin to extend or replace it.');
  if (consumer.allowedIps.length > 0 && !ipListOf(consumer.allowedIps).contains(peerAddress))
    throw new KeypoolError(
      'IP_NOT_ALLOWED',
      `This consumer may not call from ${peerAddress || 'an unknown address'}. Ask an admin to add it to allowed_ips.`,
      { metadata: { ip_address: peerAddress } },
    );
}

/**
 * Who is calling. Errors: TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, CONSUMER_DISABLED, TOKEN_REVOKED,
 * IP_NOT_ALLOWED, STORE_UNAVAILABLE. A token with a wrong checksum is refused without a look-up.
 */
export async function authenticate(context: Context, credentials: Credentials): Promise<Identity> {
  const { token, peerAddress } = credentials;
  if (token === null || token === '')
    throw new KeypoolError(
      'TOKEN_MISSING',
      'Send a token: as "Authorization: Bearer <token>", or in the header X-API-Key.',
    );
  const hash = tokenHash(token);
  if (sameHash(hash, context.rootTokenHash)) return ROOT;
  const { directory } = context;
  const known = directory.known.consumerByTokenHash(hash);
  // Only well-formed tokens are looked up, so one that is known is one.
  if (known === undefined && !isWellFormedToken(token)) throw tokenInvalid();
  const consumer = known === undefined ? await stored(directory.consumerByTokenHash(hash)) : known;
  if (consumer === null || !sameHash(hash, consumer.tokenHash)) throw tokenInvalid();
  const now = context.store.now();
  checkConsumer(consumer, peerAddress, now);
  context.lastUsed.note(consumer.id, now);
  return { kind: 'consumer', consumer };
}

/**
 * The identity of a call as it is now: what was true when its head came in may not be, once its body has come in or its
 * draw has waited. Errors as {@link authenticate}; TOKEN_INVALID when the consumer is gone or has another token.
 */
export async function currentIdentity(
  context: Context,
  call: { readonly identity: Identity; readonly peerAddress: string },
): Promise<Identity> {
  if (call.identity.kind === 'root') return call.identity;
  const { directory } = context;
  const { id, tokenHash: hash } = call.identity.consumer;
  const known = directory.known.consumerByTokenHash(hash);
  const consumer = known === undefined ? await stored(directory.consumerByTokenHash(hash)) : known;
  if (consumer === null || consumer.id !== id) throw tokenInvalid();
  checkConsumer(consumer, call.peerAddress, context.store.now());
  return consumer === call.identity.consumer ? call.identity : { kind: 'consumer', consumer };
}
