import { batchCreateKeys } from '../../src/domain/batch-create-keys.ts';
import type { Call, Context } from '../../src/domain/context.ts';
import { createConsumer } from '../../src/domain/create-consumer.ts';
import { createTier } from '../../src/domain/create-tier.ts';
import { grantTier } from '../../src/domain/grant-tier.ts';
import type { NewKey } from '../../src/domain/key-fields.ts';
import { queueName, type Tier } from '../../src/model/tier.ts';

/** What is drawn in every measurement. */
export const BENCH_FEATURE = 'measured';
const TIER = 'bench';
const BATCH = 1000;
const ROUND = 256;
const ROUNDS_AT_ONCE = 4;

const ADMIN: Call = { identity: { kind: 'root' }, requestId: 'bench', peerAddress: '127.0.0.1' };

function newKey(index: number): NewKey {
  return {
    name: `key ${index}`,
    value: `upstream-value-of-key-number-${index}`,
    secrets: {},
    metadata: {},
    state: 'active',
    stateReason: '',
    expireAt: null,
    budgets: [{ limit: Number.MAX_SAFE_INTEGER, windowMs: null }],
  };
}

async function addKeys(context: Context, keys: number): Promise<void> {
  for (let from = 0; from < keys; from += BATCH) {
    const size = Math.min(BATCH, keys - from);
    await batchCreateKeys(context, ADMIN, {
      tierId: TIER,
      keys: Array.from({ length: size }, (_, i) => newKey(from + i)),
    });
  }
}

/** Real draws, so that the audit is as draws leave it. */
async function addAuditRows(context: Context, tier: Tier, consumerId: string, rows: number): Promise<void> {
  const feature = tier.features[0];
  if (feature === undefined) throw new Error('the tier of the bench has no feature');
  const queue = {
    tierId: TIER,
    queue: queueName(TIER, feature.name),
    limits: feature.limits,
    revision: tier.revision,
  };
  const draw = {
    feature: feature.name,
    units: 1,
    queues: [queue],
    consumerId,
    peerAddress: '127.0.0.1',
    requestId: 'bench',
    idempotency: null,
  };
  let left = rows;
  const one = async (): Promise<void> => {
    while (left > 0) {
      const size = Math.min(ROUND, left);
      left -= size;
      const results = await context.store.drawRound(Array.from({ length: size }, () => draw));
      left += results.filter((result) => result.kind !== 'drawn').length;
    }
  };
  await Promise.all(Array.from({ length: Math.min(ROUNDS_AT_ONCE, context.store.roundsMax) }, one));
}

/**
 * A tier with a limit and budgets that are checked on every draw but never reached, so many keys, a consumer that may
 * draw, and so many usage events. Gives the consumer's token.
 */
export async function fillPool(
  context: Context,
  size: { readonly keys: number; readonly auditRows: number },
): Promise<string> {
  const tier = await createTier(context, ADMIN, {
    id: TIER,
    description: '',
    features: [
      {
        name: BENCH_FEATURE,
        limits: [{ limit: 1_000_000_000, windowMs: 60_000, algorithm: 'sliding', guardMs: null }],
      },
    ],
  });
  await addKeys(context, size.keys);
  const { consumer, token } = await createConsumer(context, ADMIN, {
    consumer: {
      name: 'bench',
      description: '',
      owner: '',
      environment: 'test',
      scopes: [],
      allowedIps: [],
      creditsPerMinute: null,
      state: 'active',
      expireAt: null,
    },
  });
  await grantTier(context, ADMIN, { consumerId: consumer.id, tierId: TIER });
  await addAuditRows(context, tier, consumer.id, size.auditRows);
  return token;
}
