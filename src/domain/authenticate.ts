import { isTokenOf } from '../model/consumer.ts';
import { isWellFormedToken, looksIssued, sameHash, tokenHash } from '../model/token.ts';
import { currentByJwt, identityByJwt } from './authenticate-jwt.ts';
import { checkAddressCredits } from './charge-call.ts';
import { checkStanding } from './consumer-standing.ts';
import type { ConsumerIdentity, Context, Identity, SubjectIdentity } from './context.ts';
import { countedAddress } from './credit-pools.ts';
import { checkSubject } from './foreign-tokens.ts';
import { identityByToken } from './identity.ts';
import { stored } from './store-errors.ts';
import { tokenInvalid, tokenMissing } from './token-refusals.ts';

/** What a call shows of its caller. */
export interface Credentials {
  /** The bearer token or API key; null when there is none. */
  readonly token: string | null;
  readonly peerAddress: string;
  /** Who shows the credentials for somebody else, whose address that is then; absent for a caller's own. */
  readonly shownBy?: string;
}

const ROOT: Identity = { kind: 'root' };
/** No token is longer: others are refused unread. */
const TOKEN_LENGTH_MAX = 16_384;
/** What a token of an authorization server is made of (RFC 6749, appendix A.12), without the blank. */
const TOKEN_TEXT = /^[!-~]+$/;

/** The consumer with this token of its own, whose hash that is. */
async function consumerByToken(
  context: Context,
  hash: string,
  peerAddress: string,
): Promise<ConsumerIdentity> {
  const { directory, store } = context;
  const known = directory.known.consumerByTokenHash(hash);
  const consumer = known === undefined ? await stored(directory.consumerByTokenHash(hash)) : known;
  const now = store.now();
  if (consumer === null || !isTokenOf(consumer, hash, now)) throw tokenInvalid();
  checkStanding(consumer, peerAddress, now);
  return identityByToken(consumer, hash);
}

/** The subject of a token of another server; where none is asked, no such token is known. */
function subjectByToken(
  context: Context,
  token: string,
  { peerAddress, shownBy = '' }: Credentials,
): Promise<SubjectIdentity> {
  const { foreignTokens } = context;
  if (foreignTokens === null || !TOKEN_TEXT.test(token)) throw tokenInvalid();
  // What a backend says of addresses takes nothing from those who call from them, or from other backends.
  const asker = peerAddress === '' ? '' : `${shownBy} ${countedAddress(peerAddress)}`;
  return foreignTokens.identify(token, { asker, check: () => checkAddressCredits(context, peerAddress) });
}

async function identify(
  context: Context,
  token: string,
  hash: string,
  credentials: Credentials,
): Promise<Identity> {
  const { directory, jwts } = context;
  const peer = credentials.peerAddress;
  // Only well-formed tokens are looked up, so one that is known is one.
  if (directory.known.consumerByTokenHash(hash) !== undefined || isWellFormedToken(token))
    return consumerByToken(context, hash, peer);
  const jwt = jwts.known(hash);
  if (jwt !== undefined) return identityByJwt(context, jwt, peer);
  const subject = context.foreignTokens?.known(token);
  if (subject !== undefined) return checkSubject(context, subject);
  if (jwts.claimsToBe(token)) return identityByJwt(context, await jwts.verify(token, hash), peer);
  // A token of one's own that was mistyped is nobody else's business.
  if (looksIssued(token, context.tokenPrefix)) throw tokenInvalid();
  return checkSubject(context, await subjectByToken(context, token, credentials));
}

/**
 * Who is calling: root, a consumer by its token or a JWT for that, a subject by a token of another server. Errors:
 * TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, CONSUMER_DISABLED, TOKEN_REVOKED, IP_NOT_ALLOWED, STORE_UNAVAILABLE,
 * INTROSPECTION_UNAVAILABLE, CREDITS_EXHAUSTED where an address without credits shows a token that another server would
 * have to be asked about while it is asked about another one of that address. A token with a wrong checksum is refused
 * without a look-up.
 */
export async function authenticate(context: Context, credentials: Credentials): Promise<Identity> {
  const { token } = credentials;
  if (token === null || token === '') throw tokenMissing();
  if (token.length > TOKEN_LENGTH_MAX) throw tokenInvalid();
  const hash = tokenHash(token);
  if (sameHash(hash, context.rootTokenHash)) return ROOT;
  const identity = await identify(context, token, hash, credentials);
  if (identity.kind === 'consumer') context.lastUsed.note(identity.consumer.id, context.store.now());
  return identity;
}

/**
 * The identity of a call as it is now: what was true when its head came in may not be, once its body has come in or its
 * draw has waited. Errors as {@link authenticate}; TOKEN_INVALID when the consumer is gone or has another token.
 */
export async function currentIdentity(
  context: Context,
  call: { readonly identity: Identity; readonly peerAddress: string },
): Promise<Identity> {
  const { identity, peerAddress } = call;
  if (identity.kind === 'root') return identity;
  if (identity.kind === 'subject') return checkSubject(context, identity);
  const { credential, consumer } = identity;
  if (credential.kind === 'jwt') return currentByJwt(context, identity, credential.jwt, peerAddress);
  const current = await consumerByToken(context, credential.hash, peerAddress);
  if (current.consumer.id !== consumer.id) throw tokenInvalid();
  return current.consumer === consumer ? identity : current;
}
