import type { Budget } from '../model/budget.ts';
import type { KeyTraits } from '../model/key.ts';

/** A budget as an admin asks for it; `windowMs` null: for the key's life. */
export interface BudgetInput {
  /** 1 to 2^53 - 1 units. */
  readonly limit: number;
  /** 1 s to 3,660 days. */
  readonly windowMs: number | null;
  /** In place of `windowMs`. */
  readonly periods?: Budget['periods'];
}

/** All that an admin sets of a key. */
export interface NewKey {
  readonly name: string;
  /** The credential in the open, 1 to 16,384 bytes. */
  readonly value: string;
  /** In the open, at most 16. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Only the service quarantines. */
  readonly state: 'active' | 'disabled';
  readonly stateReason: string;
  /** Ms; null for never. */
  readonly expireAt: number | null;
  /** 0 to 4, each window once. */
  readonly budgets: readonly BudgetInput[];
  /** What is not named is as for most keys. */
  readonly traits?: Partial<Omit<KeyTraits, 'rampFrom'>>;
}

/** Only what is to change of a key, or is to be checked. */
export type KeyFields = Partial<NewKey>;
