import type { CreditStanding } from '../model/credit.ts';
import type { Context } from './context.ts';
import { creditsExhausted } from './credit-refusal.ts';
import { costOf, FAILED_AUTHENTICATION_COST } from './credit-settings.ts';
import type { ChargeAnswer, CreditPayer } from './credits.ts';
import { KeypoolError } from './errors.ts';
import type { Identity } from './identity.ts';

/** What a call was charged: where its credits stand now (null where nothing limits it), and why it may not go on. */
export interface CallCharge {
  readonly credits: CreditStanding | null;
  readonly refusal: KeypoolError | null;
}

const FREE: CallCharge = { credits: null, refusal: null };

/** Who pays for what a consumer or subject does. */
export function payerOfClient(client: Exclude<Identity, { readonly kind: 'root' }>): CreditPayer {
  if (client.kind === 'consumer') return { kind: 'consumer', consumer: client.consumer };
  const { subject, creditsPerMinute } = client;
  return { kind: 'subject', subject, creditsPerMinute };
}

/** Who pays for an identity's calls; null for the root token, which is never limited. */
export function payerOf(identity: Identity): CreditPayer | null {
  return identity.kind === 'root' ? null : payerOfClient(identity);
}

function chargeOf({ store }: Context, answer: ChargeAnswer, payer: CreditPayer): CallCharge {
  if (answer.kind === 'reused')
    throw new KeypoolError('INTERNAL', 'A charge without a request id was repeated.');
  const { credits } = answer;
  const refusal = answer.granted || credits === null ? null : creditsExhausted(payer, answer, store.now());
  return { credits, refusal };
}

async function pay(context: Context, payer: CreditPayer, cost: number): Promise<CallCharge> {
  const charge = { cost, resource: null, event: null, idempotency: null };
  return chargeOf(context, await context.credits.charge(payer, charge), payer);
}

/** False where it is known at once that nothing limits a caller. */
export function isCharged({ credits }: Context, identity: Identity): boolean {
  const payer = payerOf(identity);
  return payer !== null && !credits.isUnlimited(payer);
}

/** Charges a call of an RPC to its caller. The charge says whether it may go on. Errors: STORE_UNAVAILABLE, OVERLOADED. */
export async function chargeCall(context: Context, rpc: string, identity: Identity): Promise<CallCharge> {
  const payer = payerOf(identity);
  return payer === null ? FREE : pay(context, payer, costOf(context.credits.settings, rpc));
}

/** CREDITS_EXHAUSTED for an address that may have no more tokens looked at, with where its credits stand. */
export class AddressSpent extends KeypoolError {
  readonly credits: CreditStanding | null;

  constructor({ message, metadata, quota, retryAfterMs }: KeypoolError, credits: CreditStanding | null) {
    super('CREDITS_EXHAUSTED', message, {
      metadata,
      quota,
      ...(retryAfterMs === null ? {} : { retryAfterMs }),
    });
    this.credits = credits;
  }
}

/** What a failed authentication costs its address; null where addresses are not limited. */
function failureCost({ credits }: Context): number | null {
  const { creditsPerMinute } = credits.settings;
  return creditsPerMinute === null ? null : Math.min(FAILED_AUTHENTICATION_COST, creditsPerMinute);
}

/**
 * Refuses an address that is known to have too little left for a failed authentication, before anybody is asked about
 * another token of its. An empty address, which is not known, is never refused. Error: {@link AddressSpent}.
 */
export function checkAddressCredits(context: Context, address: string): void {
  const cost = failureCost(context);
  if (cost === null || address === '') return;
  const payer: CreditPayer = { kind: 'address', address };
  const answer = context.credits.knownRefusal(payer, cost);
  if (answer === null) return;
  const { credits, refusal } = chargeOf(context, answer, payer);
  if (refusal !== null) throw new AddressSpent(refusal, credits);
}

/** Who was not who they said they were, or not there: guesses, which cost more than calls. */
function isFailedAuthentication(error: unknown): error is KeypoolError {
  if (!(error instanceof KeypoolError)) return false;
  return error.code === 'unauthenticated' || error.reason === 'IP_NOT_ALLOWED';
}

/**
 * Charges an authentication that failed with `error` to its address; null for one that could not be tried, and where
 * addresses are not limited. What is told of it is the error, or CREDITS_EXHAUSTED; one that was not tried for want of
 * credits costs nothing more. Errors as {@link chargeCall}.
 */
export async function chargeFailedAuthentication(
  context: Context,
  error: unknown,
  address: string,
): Promise<CallCharge | null> {
  if (error instanceof AddressSpent) return { credits: error.credits, refusal: error };
  const cost = failureCost(context);
  if (cost === null || !isFailedAuthentication(error)) return null;
  const { credits, refusal } = await pay(context, { kind: 'address', address }, cost);
  return { credits, refusal: refusal ?? error };
}
