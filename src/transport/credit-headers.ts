import type { CallCharge } from '../domain/charge-call.ts';
import type { CreditStanding } from '../model/credit.ts';

/** The headers of {@link creditHeaders}, for browsers of other origins. */
export const CREDIT_HEADERS = [
  'X-RateLimit-Limit',
  'X-RateLimit-Cost',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
] as const;

const NONE: readonly string[] = [];

function resetSeconds({ resetAt }: CreditStanding, now: number): number {
  return Math.max(0, Math.ceil((resetAt - now) / 1000));
}

/**
 * What an answer says of its caller's credits, names and values in turn; nothing where nothing limits it. Reset is in
 * whole seconds from now, rounded up, as `RateLimit-Reset` of draft-ietf-httpapi-ratelimit-headers.
 */
export function creditHeaders(charge: CallCharge | null, now: () => number): readonly string[] {
  const credits = charge?.credits ?? null;
  if (credits === null) return NONE;
  const { limit, cost, remaining } = credits;
  const values = [limit, cost, remaining, resetSeconds(credits, now())];
  return CREDIT_HEADERS.flatMap((name, i) => [name, String(values[i])]);
}
