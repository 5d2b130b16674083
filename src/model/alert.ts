import type { Budget } from './budget.ts';

/** What an alert is about. */
export type AlertKind = 'pool_low' | 'key_quarantined' | 'budget_80' | 'budget_100';

export type AlertState = 'open' | 'closed';

/** What an alert is of; what does not apply is empty. */
export interface AlertSubject {
  readonly tierId: string;
  readonly feature: string;
  readonly keyId: string;
  readonly groupId: string;
}

/** Something that is so, and has to be told once. */
export interface Finding extends AlertSubject {
  readonly kind: AlertKind;
  /** Names this occurrence: what is found again under the same one, by whomever, is the same alert. */
  readonly occurrence: string;
  /** One sentence for people. */
  readonly message: string;
}

/** A finding on record. Times in ms, the store's. */
export interface Alert extends Finding {
  /** A time-ordered unique id (UUID v7). */
  readonly id: string;
  readonly state: AlertState;
  readonly openAt: number;
  /** When it was seen to be over; null while it is open. */
  readonly closeAt: number | null;
}

export const NO_SUBJECT: AlertSubject = { tierId: '', feature: '', keyId: '', groupId: '' };

export type BudgetAlertKind = Extract<AlertKind, `budget_${string}`>;

/** The alerts that a budget's count calls for, whatever the time: its window may be over. */
export function budgetAlertKinds({
  limit,
  used,
}: Pick<Budget, 'limit' | 'used'>): readonly BudgetAlertKind[] {
  // 80 % are used where a fifth at most is left: exact for whole numbers up to 2^53 - 1.
  if (limit - used > Math.floor(limit / 5)) return [];
  return used < limit ? ['budget_80'] : ['budget_80', 'budget_100'];
}
