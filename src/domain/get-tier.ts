import type { Tier } from '../model/tier.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { tierNotFound } from './not-found.ts';
import { stored } from './store-errors.ts';

/** Errors: ADMIN_REQUIRED, TIER_NOT_FOUND. */
export async function getTier(context: Context, call: Call, input: { readonly id: string }): Promise<Tier> {
  requireAdmin(call.identity, 'read');
  const tier = await stored(context.store.getTier(input.id));
  if (tier === null) throw tierNotFound(input.id);
  return tier;
}
