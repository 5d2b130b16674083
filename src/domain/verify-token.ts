import { hash } from 'node:crypto';
import type { CreditStanding } from '../model/credit.ts';
import { parseIpAddress } from '../model/ip-address.ts';
import { authenticate, currentIdentity } from './authenticate.ts';
import { requireScope, TOKENS_VERIFY_SCOPE } from './authorize.ts';
import { AddressSpent, chargeFailedAuthentication, payerOfClient } from './charge-call.ts';
import type { Call, Context, Identity } from './context.ts';
import type { CreditCharge } from './credits.ts';
import { invalidField, KeypoolError, type Reason } from './errors.ts';
import { callerIdOf } from './identity.ts';
import { tokenInvalid } from './token-refusals.ts';
import { FRESH_MS } from './waiting-draws.ts';

/** A client's token, and what the client wants to do with it. */
export interface VerifyTokenInput {
  /** As the client sent it; anything at all. */
  readonly token: string;
  /** Names the token must have, all of them. */
  readonly requiredScopes: readonly string[];
  /** Where the client calls from; empty when that is not known. */
  readonly ipAddress: string;
  /** Credits, 0 to 1,000,000. */
  readonly cost: number;
  /** What the client calls; empty for nothing in particular. */
  readonly resource: string;
  /** Makes retries safe for 10 minutes: the same id charges once. */
  readonly requestId: string | null;
}

/** A client whose token is good: never the root token, which is for Keypool alone. */
export type Client = Exclude<Identity, { readonly kind: 'root' }>;

/** What speaks against a token before it is known whose it is, or that it may be used so. */
export type TokenFault = 'not_found' | 'disabled' | 'expired' | 'revoked' | 'ip_not_allowed';

/** Where the client's credits stand after the charge, or after it was refused. */
export interface ClientCredits {
  /** Null where nothing limits the client. */
  readonly standing: CreditStanding | null;
  /** Of a refused charge, when it can succeed, in ms; null when never. */
  readonly nextAt: number | null;
}

/** What came of a verification. Whose token it is is told only where it was accepted. */
export type Verified =
  | { readonly code: TokenFault }
  | { readonly code: 'insufficient_scope'; readonly client: Client }
  | { readonly code: 'valid'; readonly client: Client; readonly credits: ClientCredits }
  | {
      readonly code: 'credits_exhausted';
      /** Null when it is the address that has none left, after too many tokens that are not accepted. */
      readonly client: Client | null;
      readonly credits: ClientCredits;
    };

const FAULTS: Partial<Record<Reason, TokenFault>> = {
  TOKEN_MISSING: 'not_found',
  TOKEN_INVALID: 'not_found',
  TOKEN_EXPIRED: 'expired',
  TOKEN_REVOKED: 'revoked',
  CONSUMER_DISABLED: 'disabled',
  IP_NOT_ALLOWED: 'ip_not_allowed',
};

/** The client, or what speaks against its token as an error. What keeps the token from being looked at is thrown. */
async function clientOf(finding: Promise<Identity>): Promise<Client | KeypoolError> {
  try {
    const identity = await finding;
    return identity.kind === 'root' ? tokenInvalid() : identity;
  } catch (error) {
    if (error instanceof AddressSpent) return error;
    if (error instanceof KeypoolError && FAULTS[error.reason] !== undefined) return error;
    throw error;
  }
}

function faultOf({ reason }: KeypoolError): Verified {
  return { code: FAULTS[reason] ?? 'not_found' };
}

/** Tells what speaks against a token, and charges the address that it came from for the guess, where that is known. */
async function notAccepted(context: Context, error: KeypoolError, ipAddress: string): Promise<Verified> {
  if (ipAddress === '') return faultOf(error);
  const charge = await chargeFailedAuthentication(context, error, ipAddress);
  if (charge?.refusal?.reason !== 'CREDITS_EXHAUSTED') return faultOf(error);
  const { retryAfterMs } = charge.refusal;
  const nextAt = retryAfterMs === null ? null : context.store.now() + retryAfterMs;
  return { code: 'credits_exhausted', client: null, credits: { standing: charge.credits, nextAt } };
}

/** Scopes are compared to the letter: none of them is a pattern or stands for others. */
function lacksScope({ scopes }: Client, { requiredScopes }: VerifyTokenInput): boolean {
  return !requiredScopes.every((scope) => scopes.includes(scope));
}

function sha256(parts: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url');
}

function chargeOf(context: Context, call: Call, client: Client, input: VerifyTokenInput): CreditCharge {
  const { cost, ipAddress, requiredScopes, requestId } = input;
  const resource = input.resource === '' ? null : input.resource;
  const clientId = callerIdOf(client);
  return {
    cost,
    resource,
    event: {
      id: context.newRowId(),
      once: false,
      kind: 'verify',
      consumerId: clientId,
      units: cost,
      resource,
      endpoint: null,
      statusCode: null,
      outcome: null,
      requestId: requestId ?? call.requestId,
      peerAddress: ipAddress,
    },
    idempotency:
      requestId === null
        ? null
        : {
            key: sha256(['VerifyToken', callerIdOf(call.identity), requestId]),
            // Not the token: a client may have another JWT by the time of the retry.
            fingerprint: sha256([clientId, requiredScopes, ipAddress, cost, resource]),
          },
  };
}

/** Charges a client whose token is good; looks at it anew when that took long, so that a withdrawn one is no longer good. */
async function charge(
  context: Context,
  call: Call,
  client: Client,
  input: VerifyTokenInput,
): Promise<Verified> {
  const since = context.clock.monotonicMs();
  const answer = await context.credits.charge(
    payerOfClient(client),
    chargeOf(context, call, client, input),
    call.signal,
  );
  if (answer.kind === 'reused')
    throw new KeypoolError(
      'REQUEST_ID_REUSED',
      'This request_id was used for another verification. Use a new one for a new call.',
    );
  if (context.clock.monotonicMs() - since > FRESH_MS) {
    const peerAddress = input.ipAddress;
    const now = await clientOf(currentIdentity(context, { identity: client, peerAddress }));
    if (now instanceof KeypoolError) return faultOf(now);
    if (lacksScope(now, input)) return { code: 'insufficient_scope', client: now };
  }
  const { granted, credits, nextAt } = answer;
  return { code: granted ? 'valid' : 'credits_exhausted', client, credits: { standing: credits, nextAt } };
}

/**
 * Tells a backend whether a client's token is good for a call, and charges the client for it. Its usage event is durable
 * before it is told to be valid. Errors: SCOPE_REQUIRED, INVALID_FIELD, REQUEST_ID_REUSED, STORE_UNAVAILABLE,
 * OVERLOADED, and what keeps another issuer's token from being looked at.
 */
export async function verifyToken(context: Context, call: Call, input: VerifyTokenInput): Promise<Verified> {
  requireScope(call.identity, TOKENS_VERIFY_SCOPE);
  const { token, ipAddress } = input;
  if (ipAddress !== '' && parseIpAddress(ipAddress) === null)
    throw invalidField('ipAddress', 'must be an IPv4 or IPv6 address, or empty');
  const shownBy = callerIdOf(call.identity);
  const client = await clientOf(authenticate(context, { token, peerAddress: ipAddress, shownBy }));
  if (client instanceof KeypoolError) return notAccepted(context, client, ipAddress);
  if (lacksScope(client, input)) return { code: 'insufficient_scope', client };
  return charge(context, call, client, input);
}
