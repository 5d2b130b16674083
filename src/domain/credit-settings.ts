/** How credits are counted, as configured. */
export interface CreditSettings {
  /** Credits per sliding minute of whoever has no number of its own; null: only those who have one are limited. */
  readonly creditsPerMinute: number | null;
  readonly costs: CreditCosts;
  /** What happens while the store cannot be reached: calls are refused, or counted by each process for itself. */
  readonly whenStoreDown: 'refuse' | 'local';
}

/** Costs by RPC name; `*` stands for all others, which cost 1 where it is not given. */
export type CreditCosts = ReadonlyMap<string, number>;

/** What a failed authentication costs the address that it came from. */
export const FAILED_AUTHENTICATION_COST = 10;
const USUAL_COST = 1;

/** What a call of an RPC costs. */
export function costOf({ costs }: CreditSettings, rpc: string): number {
  return costs.get(rpc) ?? costs.get('*') ?? USUAL_COST;
}

/** Nothing is limited unless a consumer or an owner has a number. */
export const DEFAULT_CREDIT_SETTINGS: CreditSettings = {
  creditsPerMinute: null,
  costs: new Map(),
  whenStoreDown: 'local',
};
