import { randomBytes } from 'node:crypto';
import { durationFromMs } from '../../src/client/exports.ts';
import { createKeypoolClient } from '../../src/client/node.ts';
import { addConsumer, addKeys, limitOf } from '../../test/support/load-pool.ts';
import type { DrawAsk } from '../load/plan.ts';
import { ADMIN_TOKEN } from '../server/keypool.ts';

/** Tiers that ask more of a draw than limits: draws that wait for reports, keys of one quota group. */
export interface PolicyAsks {
  readonly held: DrawAsk;
  readonly grouped: DrawAsk;
}

const [HELD, GROUPED, SCARCE] = ['held', 'grouped', 'scarce'];
/** Draws that are not reported stay in flight for so long. */
const SETTLE_TIMEOUT_MS = 1000;
/** Counted on every draw, never reached. */
const PLENTY = limitOf({ limit: 1_000_000_000, windowMs: 60_000 });
/** As the keys of plain draws have. */
const LIFETIME = { limit: Number.MAX_SAFE_INTEGER };
const SCARCE_LIMIT = limitOf({ limit: 10, windowMs: 1000 });
const SCARCE_KEYS = 10;
const MAX_WAIT_MS = 30_000;

/** Adds the tiers, each with so many keys, and one consumer of all. */
export async function addPolicies(port: number, keys: number): Promise<PolicyAsks> {
  const client = createKeypoolClient({ baseUrl: `http://127.0.0.1:${port}`, token: ADMIN_TOKEN });
  const { admin } = client;
  const settleTimeout = durationFromMs(SETTLE_TIMEOUT_MS);
  await admin.createTier({ tier: { id: HELD, features: [{ name: HELD, limits: [PLENTY] }], settleTimeout } });
  await admin.createTier({ tier: { id: GROUPED, features: [{ name: GROUPED, limits: [PLENTY] }] } });
  await admin.createQuotaGroup({ quotaGroup: { id: GROUPED, limits: [PLENTY] } });
  await addKeys(admin, HELD, keys, [LIFETIME]);
  const sharing = Array.from({ length: keys }, () => ({
    tierId: GROUPED,
    value: `upstream-value-${randomBytes(12).toString('hex')}`,
    quotaGroupId: GROUPED,
    budgets: [{ limit: BigInt(LIFETIME.limit) }],
  }));
  await admin.batchCreateKeys({ keys: sharing });
  const { token } = await addConsumer(admin, [HELD, GROUPED]);
  client.close();
  return { held: { token, feature: HELD }, grouped: { token, feature: GROUPED } };
}

/** Adds a tier of few draws a second, and one consumer who waits for them. */
export async function addScarce(port: number): Promise<DrawAsk> {
  const client = createKeypoolClient({ baseUrl: `http://127.0.0.1:${port}`, token: ADMIN_TOKEN });
  const { admin } = client;
  await admin.createTier({ tier: { id: SCARCE, features: [{ name: SCARCE, limits: [SCARCE_LIMIT] }] } });
  await addKeys(admin, SCARCE, SCARCE_KEYS);
  const { token } = await addConsumer(admin, [SCARCE]);
  client.close();
  return { token, feature: SCARCE, maxWaitMs: MAX_WAIT_MS };
}
