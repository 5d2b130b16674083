import { breakDown, type UsageBreakdown } from '../model/usage-breakdown.ts';
import type { UsageSubject } from '../model/usage-summary.ts';
import type { UsagePeriod, UsageSummary } from '../store/port.ts';
import { currentIdentity } from './authenticate.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { stored } from './store-errors.ts';

/** Sums over a period of whole hours, and what they are made of. */
export type DescribedUsage = Omit<UsageSummary, 'cells'> & UsageBreakdown;

/**
 * Sums up what was used. One of the heavy calls.
 * Errors: those of {@link currentIdentity}, ADMIN_REQUIRED, HEAVY_CALLS_BUSY, CANCELED, STORE_UNAVAILABLE.
 */
export async function getUsageSummary(
  context: Context,
  call: Call,
  input: { readonly subject: UsageSubject; readonly period: UsagePeriod },
): Promise<DescribedUsage> {
  requireAdmin(call.identity, 'read');
  const { cells, ...summary } = await context.heavyCalls.run(call.signal, async () => {
    // It may have waited for its place as long as a withdrawn token may be of use.
    requireAdmin(await currentIdentity(context, call), 'read');
    return stored(context.store.summarizeUsage(input.subject, input.period));
  });
  return { ...summary, ...breakDown(cells) };
}
