import { timestampDate, VerifyCode, type VerifyTokenResponse } from 'keypool/client';

/** HTTP status of what speaks against a token; anything else, such as a code of a newer Keypool, is 401. */
const STATUS: Partial<Record<VerifyCode, number>> = {
  [VerifyCode.IP_NOT_ALLOWED]: 403,
  [VerifyCode.INSUFFICIENT_SCOPE]: 403,
  [VerifyCode.CREDITS_EXHAUSTED]: 429,
};
const NAMES = new Map<number, string>(Object.entries(VerifyCode).map(([name, code]) => [code, name]));

/** What a client of this API is told when its token is not good for a call; null when it is. */
export function refusalOf(code: VerifyCode): { readonly status: number; readonly error: string } | null {
  if (code === VerifyCode.VALID) return null;
  return { status: STATUS[code] ?? 401, error: NAMES.get(code) ?? 'REFUSED' };
}

/** Where the client's credits stand; times in seconds from now. */
export function rateLimitHeaders({ credits, retryTime }: VerifyTokenResponse): Record<string, number> {
  const headers: Record<string, number> = {};
  if (credits !== undefined) {
    headers['X-RateLimit-Limit'] = credits.limit;
    headers['X-RateLimit-Cost'] = credits.cost;
    headers['X-RateLimit-Remaining'] = credits.remaining;
    if (credits.resetTime !== undefined) headers['X-RateLimit-Reset'] = secondsUntil(credits.resetTime);
  }
  if (retryTime !== undefined) headers['Retry-After'] = secondsUntil(retryTime);
  return headers;
}

function secondsUntil(time: Parameters<typeof timestampDate>[0]): number {
  return Math.max(0, Math.ceil((timestampDate(time).getTime() - Date.now()) / 1000));
}
