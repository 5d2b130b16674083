import { createSlidingCount, type SlidingCount } from './upstream-count.ts';
import type {
  RefusalCause,
  UpstreamCall,
  UpstreamKey,
  UpstreamPlan,
  UpstreamReport,
} from './upstream-plan.ts';

/** What the upstream makes of a call: counted (and under way until `end`), or refused. */
export type Verdict =
  | { readonly kind: 'counted'; readonly end: () => void }
  | { readonly kind: 'refused'; readonly cause: RefusalCause; readonly retryAfterMs: number | null };

/** The upstream's own book of all its keys. */
export interface UpstreamAccounts {
  /** `now` in ms of the monotonic clock. */
  readonly decide: (value: string, now: number) => Verdict;
  readonly report: () => UpstreamReport;
}

interface Account {
  readonly own: SlidingCount;
  readonly quota: SlidingCount | null;
  readonly inFlightMax: number;
  readonly banned: UpstreamKey['banned'];
  readonly tellsRetryAfter: boolean;
  inFlight: number;
  highest: number;
}

function openAccounts({ keys, quotas }: UpstreamPlan): ReadonlyMap<string, Account> {
  const shared = new Map(Object.entries(quotas).map(([name, limit]) => [name, createSlidingCount(limit)]));
  return new Map(
    keys.map(({ value, own, quota, inFlightMax, banned, tellsRetryAfter }) => [
      value,
      {
        own: createSlidingCount(own),
        quota: quota === null ? null : (shared.get(quota) ?? null),
        inFlightMax: inFlightMax ?? Infinity,
        banned,
        tellsRetryAfter,
        inFlight: 0,
        highest: 0,
      },
    ]),
  );
}

/** `elapsedMs`: since the upstream's first call. */
function causeOf(account: Account, now: number, elapsedMs: number): RefusalCause | null {
  const { banned } = account;
  if (banned !== null && elapsedMs >= banned.fromMs && elapsedMs < banned.untilMs) return 'banned';
  if (account.inFlight >= account.inFlightMax) return 'in_flight';
  if (!account.own.hasRoom(now)) return 'rate';
  return account.quota?.hasRoom(now) === false ? 'quota' : null;
}

/** Opens the book; `originMs` is the moment (ms since 1970) at which the monotonic clock was 0. */
export function createUpstreamAccounts(plan: UpstreamPlan, originMs: number): UpstreamAccounts {
  const accounts = openAccounts(plan);
  const calls: UpstreamCall[] = [];
  let firstAt: number | null = null;

  function verdictOf(account: Account, cause: RefusalCause | null, now: number): Verdict {
    if (cause === null) {
      account.own.count(now);
      account.quota?.count(now);
      account.inFlight += 1;
      account.highest = Math.max(account.highest, account.inFlight);
      const end = (): void => {
        account.inFlight -= 1;
      };
      return { kind: 'counted', end };
    }
    const tells = account.tellsRetryAfter && (cause === 'rate' || cause === 'quota');
    const roomInMs = Math.max(account.own.roomInMs(now), account.quota?.roomInMs(now) ?? 0);
    return { kind: 'refused', cause, retryAfterMs: tells ? roomInMs : null };
  }

  return {
    decide: (value, now) => {
      firstAt ??= now;
      const account = accounts.get(value);
      const cause = account === undefined ? 'unknown_key' : causeOf(account, now, now - firstAt);
      calls.push({ at: originMs + now, value, refused: cause });
      if (account === undefined) return { kind: 'refused', cause: 'unknown_key', retryAfterMs: null };
      return verdictOf(account, cause, now);
    },
    report: () => ({
      calls,
      highestInFlight: Object.fromEntries([...accounts].map(([value, { highest }]) => [value, highest])),
    }),
  };
}
