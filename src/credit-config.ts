import { z } from 'zod';
import { wholeNumber } from './config-values.ts';
import type { CREDIT_VARIABLES } from './credit-variables.ts';
import type { CreditSettings } from './domain/credit-settings.ts';
import { CREDITS_MAX } from './model/credit.ts';
import { RPC_NAMES } from './transport/rpc-names.ts';

const COST_MAX = 1_000_000;
const COST = /^([A-Za-z]+|\*) *= *([0-9]{1,7})$/;

/** Costs by RPC, or a sentence that says what is wrong. */
function costsOf(text: string): ReadonlyMap<string, number> | string {
  const costs = new Map<string, number>();
  for (const item of text.split(',')) {
    const [, rpc, cost] = COST.exec(item.trim()) ?? [];
    if (rpc === undefined || Number(cost) > COST_MAX)
      return 'must be calls with their costs, 0 to 1000000, such as DrawKey=1,ListUsageEvents=10,*=1';
    if (rpc !== '*' && !RPC_NAMES.has(rpc))
      return 'must name calls as the contract does, such as DrawKey, or *';
    if (costs.has(rpc)) return 'must name each call once';
    costs.set(rpc, Number(cost));
  }
  return costs;
}

export const creditValues = {
  CREDITS_PER_MINUTE: wholeNumber(1, CREDITS_MAX).optional(),
  CREDIT_COSTS: z.string().transform((text, refinement) => {
    const costs = costsOf(text);
    if (typeof costs !== 'string') return costs;
    refinement.addIssue({ code: 'custom', message: costs });
    return z.NEVER;
  }),
  CREDITS_WHEN_STORE_DOWN: z.enum(['refuse', 'local'], { error: 'must be refuse or local' }),
} satisfies Record<keyof typeof CREDIT_VARIABLES, z.ZodType>;

type Values = { readonly [Name in keyof typeof creditValues]: z.output<(typeof creditValues)[Name]> };

/** How credits are counted. */
export function creditSettingsOf(
  values: Pick<Values, 'CREDIT_COSTS' | 'CREDITS_WHEN_STORE_DOWN'> & {
    readonly CREDITS_PER_MINUTE?: number | undefined;
  },
): CreditSettings {
  const { CREDITS_PER_MINUTE, CREDIT_COSTS: costs, CREDITS_WHEN_STORE_DOWN: whenStoreDown } = values;
  return { creditsPerMinute: CREDITS_PER_MINUTE ?? null, costs, whenStoreDown };
}
