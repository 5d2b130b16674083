import { randomBytes } from 'node:crypto';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs, type Key, type KeypoolClient, type LimitSchema } from '../../src/client/exports.ts';

type Admin = KeypoolClient['admin'];

/** A limit in plain numbers. */
export type LoadLimit = { readonly limit: number; readonly windowMs: number; readonly guardMs?: number };

/** A budget in plain numbers; without a window for life. */
export type LoadBudget = { readonly limit: number; readonly windowMs?: number };

const BATCH_MAX = 1000;

/** A limit as the contract writes it. */
export function limitOf({ limit, windowMs, guardMs }: LoadLimit): MessageInitShape<typeof LimitSchema> {
  return {
    limit,
    window: durationFromMs(windowMs),
    ...(guardMs === undefined ? {} : { guard: durationFromMs(guardMs) }),
  };
}

/** A tier with one feature, of the same name unless named. */
export async function addTier(
  admin: Admin,
  id: string,
  limits: readonly LoadLimit[] = [],
  feature = id,
): Promise<void> {
  await admin.createTier({ tier: { id, features: [{ name: feature, limits: limits.map(limitOf) }] } });
}

/** Equal keys with values that are found nowhere else. */
export async function addKeys(
  admin: Admin,
  tierId: string,
  count: number,
  budgets: readonly LoadBudget[] = [],
): Promise<readonly Key[]> {
  const added: Key[] = [];
  for (let left = count; left > 0; left -= BATCH_MAX) {
    const keys = Array.from({ length: Math.min(left, BATCH_MAX) }, () => ({
      tierId,
      value: `upstream-value-${randomBytes(12).toString('hex')}`,
      budgets: budgets.map(({ limit, windowMs }) => ({
        limit: BigInt(limit),
        ...(windowMs === undefined ? {} : { window: durationFromMs(windowMs) }),
      })),
    }));
    added.push(...(await admin.batchCreateKeys({ keys })).keys);
  }
  return added;
}

/** A consumer that may draw from these tiers. */
export async function addConsumer(
  admin: Admin,
  tierIds: readonly string[],
): Promise<{ readonly id: string; readonly token: string }> {
  const { consumer, token } = await admin.createConsumer({ consumer: { name: 'load' } });
  if (consumer === undefined) throw new Error('a consumer was created and not returned');
  for (const tierId of tierIds) await admin.grantTier({ consumerId: consumer.id, tierId });
  return { id: consumer.id, token };
}
