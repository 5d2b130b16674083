import type { Consumer } from '../model/consumer.ts';
import { sameHash } from '../model/token.ts';
import { tokenThumbprint } from './access-tokens.ts';
import { checkStanding } from './consumer-standing.ts';
import type { ConsumerIdentity, Context } from './context.ts';
import { storeUnavailable } from './errors.ts';
import type { VerifiedJwt } from './identity.ts';
import { stored } from './store-errors.ts';
import { tokenExpired, tokenInvalid, tokenReplaced } from './token-refusals.ts';

/** Whom a JWT stands for, as the consumer was read. */
interface Bearer {
  readonly identity: ConsumerIdentity;
  /** From then on (ms) the token that it was exchanged for is not accepted; Infinity for the present token. */
  readonly tokenUntil: number;
}

/** Worked out once for a JWT and a consumer as read, for calls that come by the thousand. */
const bearers = new WeakMap<VerifiedJwt, Bearer>();

/** Until when (ms) the token with this thumbprint is accepted as the consumer's; -Infinity when it is none of its. */
function acceptedUntil({ tokenHash, previousToken }: Consumer, thumbprint: string): number {
  if (sameHash(thumbprint, tokenThumbprint(tokenHash))) return Infinity;
  const isPrevious = previousToken !== null && sameHash(thumbprint, tokenThumbprint(previousToken.hash));
  return isPrevious ? previousToken.expireAt : -Infinity;
}

function bearerOf(jwt: VerifiedJwt, consumer: Consumer): Bearer {
  const known = bearers.get(jwt);
  if (known?.identity.consumer === consumer) return known;
  const scopes = jwt.scopes.filter((scope) => consumer.scopes.includes(scope));
  const identity: ConsumerIdentity = {
    kind: 'consumer',
    consumer,
    scopes,
    credential: { kind: 'jwt', jwt },
  };
  const bearer = { identity, tokenUntil: acceptedUntil(consumer, jwt.thumbprint) };
  bearers.set(jwt, bearer);
  return bearer;
}

/** What decides about a JWT. */
interface Standing {
  /** Whether its key does. */
  readonly stands: boolean;
  readonly consumer: Consumer | null;
}

/** Both as of now, where nothing has to be read for it. */
function knownOf({ directory, jwts }: Context, jwt: VerifiedJwt): Standing | null {
  const consumer = directory.known.consumerById(jwt.consumerId);
  const stands = jwts.knownToStand(jwt);
  return consumer === undefined || stands === undefined ? null : { stands, consumer };
}

/** So often both are read, until one is not too old by the time that the other has come. */
const READS_MAX = 4;

async function read(context: Context, jwt: VerifiedJwt): Promise<Standing> {
  const { directory, jwts } = context;
  for (let reads = 0; reads < READS_MAX; reads += 1) {
    const [stands, consumer] = await Promise.all([
      jwts.knownToStand(jwt) ?? jwts.stands(jwt),
      directory.known.consumerById(jwt.consumerId) ?? stored(directory.consumerById(jwt.consumerId)),
    ]);
    // What is not there stays so, and needs no company.
    if (!stands || consumer === null) return { stands, consumer };
    const both = knownOf(context, jwt);
    if (both !== null) return both;
  }
  throw storeUnavailable('what a token stands for could not be read in time');
}

/**
 * The consumer that a verified JWT stands for, if it still does. Errors: TOKEN_INVALID (the consumer is gone, or
 * the key that signed it withdrawn), TOKEN_EXPIRED, TOKEN_REVOKED, CONSUMER_DISABLED, IP_NOT_ALLOWED, STORE_UNAVAILABLE.
 */
export async function identityByJwt(
  context: Context,
  jwt: VerifiedJwt,
  peerAddress: string,
): Promise<ConsumerIdentity> {
  const { stands, consumer } = knownOf(context, jwt) ?? (await read(context, jwt));
  const now = context.store.now();
  if (!stands) throw tokenInvalid();
  if (jwt.expireAt <= now) throw tokenExpired();
  if (consumer === null) throw tokenInvalid();
  checkStanding(consumer, peerAddress, now);
  const { identity, tokenUntil } = bearerOf(jwt, consumer);
  if (tokenUntil <= now) throw tokenReplaced();
  return identity;
}

/** Looks again. Errors as {@link identityByJwt}. */
export async function currentByJwt(
  context: Context,
  identity: ConsumerIdentity,
  jwt: VerifiedJwt,
  peerAddress: string,
): Promise<ConsumerIdentity> {
  const current = await identityByJwt(context, jwt, peerAddress);
  return current.consumer === identity.consumer ? identity : current;
}
