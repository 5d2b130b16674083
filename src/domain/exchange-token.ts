import { tokenThumbprint } from './access-tokens.ts';
import { currentIdentity } from './authenticate.ts';
import type { Call, Context } from './context.ts';
import { KeypoolError } from './errors.ts';

export interface ExchangedToken {
  /** A JWT. */
  readonly token: string;
  /** ms; it is refused from then on. */
  readonly expireAt: number;
}

function notPossible(): KeypoolError {
  return new KeypoolError(
    'EXCHANGE_NOT_POSSIBLE',
    "Only a consumer's own token can be exchanged: send that, not the root token, a JWT or a token of another server.",
  );
}

/**
 * A JWT for the consumer's token that the call carries; it does not outlive that. Errors: EXCHANGE_NOT_POSSIBLE, those
 * of {@link currentIdentity}, SEAL_BROKEN.
 */
export async function exchangeToken(context: Context, call: Call): Promise<ExchangedToken> {
  const identity = await currentIdentity(context, call);
  if (identity.kind !== 'consumer' || identity.credential.kind !== 'token') throw notPossible();
  const { consumer, scopes, credential } = identity;
  const { previousToken } = consumer;
  const isPrevious = credential.hash === previousToken?.hash;
  const issuedAt = context.store.now();
  const expireAt = Math.min(
    issuedAt + context.jwts.ttlMs,
    consumer.expireAt ?? Infinity,
    isPrevious ? previousToken.expireAt : Infinity,
  );
  const thumbprint = tokenThumbprint(credential.hash);
  return context.jwts.sign({
    id: context.newId(),
    consumerId: consumer.id,
    thumbprint,
    scopes,
    issuedAt,
    expireAt,
  });
}
