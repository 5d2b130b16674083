import { adminEvent } from '../../src/domain/admin-event.ts';
import type { Context } from '../../src/domain/context.ts';
import type { Consumer } from '../../src/model/consumer.ts';
import { createToken, tokenHash } from '../../src/model/token.ts';
import type { Ask } from '../load/plan.ts';
import { atOnce } from './at-once.ts';
import { type PoolShape, rightsOf } from './shape.ts';
import { ADMIN } from './tiers.ts';

/** Each locks the tiers it is granted, so more would only wait for each other. */
const AT_ONCE = 4;

function newConsumer(context: Context, tierIds: readonly string[], token: string): Consumer {
  const now = context.store.now();
  return {
    id: context.newId(),
    name: 'bench',
    description: '',
    owner: '',
    environment: 'test',
    scopes: [],
    allowedIps: [],
    creditsPerMinute: null,
    creditLimits: [],
    state: 'active',
    revocation: null,
    expireAt: null,
    tokenHash: tokenHash(token),
    previousToken: null,
    grantedTierIds: tierIds,
    lastUsedAt: null,
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
}

export interface FilledConsumer {
  readonly id: string;
  readonly ask: Ask;
}

/** Consumers with their grants, each written at once, as an import would. */
export async function addConsumers(context: Context, shape: PoolShape): Promise<readonly FilledConsumer[]> {
  const added: FilledConsumer[] = [];
  const indexes = Array.from({ length: shape.consumers }, (_, index) => index);
  await atOnce(AT_ONCE, indexes, async (index) => {
    const { tierIds, feature } = rightsOf(shape, index);
    const token = createToken(context.tokenPrefix, 'test', context.randomBytes);
    const consumer = newConsumer(context, tierIds, token);
    const action = { action: 'CreateConsumer', resourceType: 'consumer', changes: [] } as const;
    const event = adminEvent(context, ADMIN, { ...action, resourceId: consumer.id });
    await context.store.createConsumer(consumer, event);
    added.push({ id: consumer.id, ask: { token, feature } });
  });
  return added;
}
