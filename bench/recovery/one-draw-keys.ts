import { durationFromMs, type KeypoolClient } from '../../src/client/exports.ts';

const BATCH = 1000;
const LIMIT = { limit: 1, window: durationFromMs(3_600_000) };

/** A tier of keys with a budget that serve one draw an hour each: every draw takes from another key. */
export async function addOneDrawKeys(
  admin: KeypoolClient['admin'],
  tierId: string,
  count: number,
): Promise<void> {
  await admin.createTier({ tier: { id: tierId, features: [{ name: tierId, limits: [LIMIT] }] } });
  for (let from = 0; from < count; from += BATCH) {
    const keys = Array.from({ length: Math.min(BATCH, count - from) }, (_, i) => ({
      tierId,
      value: `upstream-value-${from + i}-of-${tierId}`,
      budgets: [{ limit: 1_000_000n }],
    }));
    await admin.batchCreateKeys({ keys });
  }
}
