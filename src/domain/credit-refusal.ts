import type { ChargeAnswer, CreditPayer } from './credits.ts';
import { KeypoolError } from './errors.ts';

/**
 * The shortest wait that a caller is told, in ms: what clocks differ by. Shorter than that of a draw, whose next moment can
 * be a guess: credits come back when it was said, and who comes then is served.
 */
const RETRY_MIN_MS = 20;

type Refused = Pick<Extract<ChargeAnswer, { kind: 'charged' }>, 'credits' | 'ofOwner' | 'nextAt'>;

/** Whose credits they are, as google.rpc.QuotaFailure names it. */
function subjectOf(payer: CreditPayer, ofOwner: boolean): string {
  switch (payer.kind) {
    case 'consumer':
      return ofOwner ? `owner:${payer.consumer.owner}` : `consumer:${payer.consumer.id}`;
    case 'subject':
      return `subject:${payer.subject}`;
    case 'address':
      return `address:${payer.address}`;
  }
}

/** CREDITS_EXHAUSTED for a charge that was refused at `now` (ms), with the time after which it can succeed, if ever. */
export function creditsExhausted(
  payer: CreditPayer,
  { credits, ofOwner, nextAt }: Refused,
  now: number,
): KeypoolError {
  const { limit, cost, remaining } = credits ?? { limit: 0, cost: 0, remaining: 0 };
  const metadata = { limit: String(limit), cost: String(cost), remaining: String(remaining) };
  const quota = [{ subject: subjectOf(payer, ofOwner), description: `${limit} credits in any minute` }];
  if (nextAt === null) {
    const message = `This call costs ${cost} credits, more than there ever are in a minute: waiting does not help. Ask an admin for more.`;
    return new KeypoolError('CREDITS_EXHAUSTED', message, { metadata, quota });
  }
  const retryAfterMs = Math.max(RETRY_MIN_MS, Math.ceil(nextAt - now));
  const message = `This call costs ${cost} credits, and ${remaining} of ${limit} a minute are left. Try again in ${retryAfterMs} ms.`;
  return new KeypoolError('CREDITS_EXHAUSTED', message, { metadata, quota, retryAfterMs });
}
